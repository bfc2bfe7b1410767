import { parseArrayTasks } from '../array-tasks.ts'
import { withoutUndefined } from '../fields.ts'
import { parseGresList } from '../gres.ts'
import { type JobArray, type JobRecord, type JobRequest, parseExclusive } from '../job-record.ts'
import { isFinished, parseJobState } from '../job-state.ts'
import { parsePendingReason } from '../pending-reason.ts'
import { parseTres } from '../tres.ts'
import { exitOfJson } from './json-exit.ts'
import {
  isInfinite,
  type JsonObject,
  numberOf,
  objectOf,
  parseJsonList,
  positiveOf,
  requiredNumberOf,
  textOf,
  timeOf,
  wordsOf,
} from './json-value.ts'

/**
 * Reads jobs from `squeue --json`, `scontrol show jobs --json` (23.02 and later), or slurmrestd's `/jobs`
 * of data parsers 0.0.36 to 0.0.45. Finished jobs that slurmctld still remembers are among them.
 * @throws SlurmParseError, SlurmError
 */
export function parseJobsJson(text: string): JobRecord[] {
  return parseJsonList(text, 'jobs').map(jsonJob)
}

/**
 * One job of the list.
 * @throws SlurmParseError
 */
export function jsonJob(job: JsonObject): JobRecord {
  const state = parseJobState(typeof job['job_state'] === 'string' ? job['job_state'] : wordsOf(job, 'job_state'))
  const nodesMin = numberOf(job, 'node_count') ?? 1
  const nodesMax = positiveOf(job, 'max_nodes')
  const hetId = positiveOf(job, 'het_job_id')
  const time = positiveOf(job, 'time_limit')
  return withoutUndefined<JobRecord>({
    id: requiredNumberOf(job, 'job_id'),
    name: typeof job['name'] === 'string' ? job['name'] : '',
    user: textOf(job, 'user_name') ?? String(numberOf(job, 'user_id') ?? ''),
    account: textOf(job, 'account'),
    qos: textOf(job, 'qos'),
    partitions: wordsOf(job, 'partition'),
    state,
    reason: parsePendingReason(textOf(job, 'state_description') ?? textOf(job, 'state_reason') ?? ''),
    array: arrayOf(job),
    het: hetId === undefined ? undefined : { jobId: hetId, offset: numberOf(job, 'het_job_offset') ?? 0 },
    request: withoutUndefined<JobRequest>({
      nodesMin,
      nodesMax: state === 'PENDING' && nodesMax !== undefined && nodesMax > nodesMin ? nodesMax : undefined,
      cpus: numberOf(job, 'cpus') ?? 0,
      tasks: numberOf(job, 'tasks'),
      cpusPerTask: numberOf(job, 'cpus_per_task'),
      minCpusPerNode: numberOf(job, 'minimum_cpus_per_node'),
      ...memoryOf(job),
      gresPerJob: gresOf(job, 'tres_per_job'),
      gresPerNode: gresOf(job, 'tres_per_node'),
      gresPerSocket: gresOf(job, 'tres_per_socket'),
      gresPerTask: gresOf(job, 'tres_per_task'),
      features: textOf(job, 'features'),
      requiredNodes: textOf(job, 'required_nodes'),
      excludedNodes: textOf(job, 'excluded_nodes'),
      exclusive: exclusiveOf(job),
      contiguous: job['contiguous'] === true,
      licenses: textOf(job, 'licenses'),
    }),
    tres: parseTres(textOf(job, 'tres_alloc_str') ?? textOf(job, 'tres_req_str') ?? ''),
    nodes: state === 'PENDING' ? undefined : textOf(job, 'nodes'),
    scheduledNodes: textOf(job, 'scheduled_nodes'),
    priority: numberOf(job, 'priority') ?? 0,
    submitTime: timeOf(job, 'submit_time'),
    eligibleTime: timeOf(job, 'eligible_time'),
    startTime: timeOf(job, 'start_time'),
    endTime: timeOf(job, 'end_time'),
    timeLimit: time === undefined ? noTime(job) : time * 60_000,
    reservation: textOf(job, 'resv_name'),
    dependency: textOf(job, 'dependency'),
    comment: textOf(job, 'comment'),
    restarts: numberOf(job, 'restart_cnt') ?? 0,
    exit: isFinished(state) ? exitOfJson(job['exit_code']) : undefined,
    sluid: textOf(job, 'sluid') ?? textOf(objectOf(job, 'step_id'), 'sluid'),
    adminComment: textOf(job, 'admin_comment'),
    workDir: textOf(job, 'current_working_directory'),
    stdout: textOf(job, 'stdout_expanded') ?? textOf(job, 'standard_output'),
  })
}

/** 22.05 writes null for "no limit". */
function noTime(job: JsonObject): 'unlimited' | undefined {
  return isInfinite(job, 'time_limit') || job['time_limit'] === null ? 'unlimited' : undefined
}

function arrayOf(job: JsonObject): JobArray | undefined {
  const jobId = positiveOf(job, 'array_job_id')
  if (jobId === undefined) return undefined
  const task = numberOf(job, 'array_task_id')
  if (task !== undefined) return { jobId, tasks: String(task), count: 1 }
  const waiting = textOf(job, 'array_task_string')
  if (waiting === undefined) return undefined
  const limit = positiveOf(job, 'array_max_tasks')
  const tasks = parseArrayTasks(waiting)
  return limit === undefined ? { jobId, ...tasks } : { jobId, limit, ...tasks }
}

/** 22.05 writes null for both where the job takes a whole node's memory. */
function memoryOf(job: JsonObject): Pick<JobRequest, 'memoryPerCpuMb' | 'memoryPerNodeMb'> {
  const perCpu = numberOf(job, 'memory_per_cpu')
  return perCpu === undefined ? { memoryPerNodeMb: numberOf(job, 'memory_per_node') ?? 0 } : { memoryPerCpuMb: perCpu }
}

function gresOf(job: JsonObject, key: string) {
  return parseGresList(textOf(job, key) ?? '')
}

/** `shared` says it; `["none"]` is a job that shares with nobody. */
function exclusiveOf(job: JsonObject): JobRequest['exclusive'] {
  const shared = wordsOf(job, 'shared')[0]
  return parseExclusive(shared === 'none' ? 'no' : (shared ?? 'ok'), false)
}
