import { type AccountedJob, numberRuns } from '../accounted-job.ts'
import { parseArrayTasks } from '../array-tasks.ts'
import type { ExitCode } from '../exit-code.ts'
import { withoutUndefined } from '../fields.ts'
import type { JobArray } from '../job-record.ts'
import { isFinished, type JobState, parseJobState } from '../job-state.ts'
import type { Tres } from '../tres.ts'
import { exitOfJson } from './json-exit.ts'
import {
  asObject,
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
 * Reads slurmrestd's `/slurmdb/…/job/{id}` of 0.0.36 to 0.0.45: every run of the job, the oldest first.
 * @throws SlurmParseError, SlurmError
 */
export function parseAccountedJobsJson(text: string): AccountedJob[] {
  return numberRuns(parseJsonList(text, 'jobs').map(jsonAccountedJob))
}

function jsonAccountedJob(job: JsonObject): AccountedJob {
  const words = objectOf(job, 'state')['current']
  const state = parseJobState(typeof words === 'string' ? words : wordsOf(objectOf(job, 'state'), 'current'))
  const time = objectOf(job, 'time')
  const tres = objectOf(job, 'tres')
  const steps = listOf(job, 'steps')
  const hetId = positiveOf(objectOf(job, 'het'), 'job_id')
  const nodes = textOf(job, 'nodes')
  const minutes = positiveOf(time, 'limit')
  const cpuSeconds = steps.reduce((sum, step) => sum + secondsOf(objectOf(objectOf(step, 'time'), 'total')), 0)
  const peaks = steps.flatMap((step) => {
    // What 22.05 to 26.05 call "requested" is what accounting calls TRESUsageIn.
    const most = listOf(objectOf(objectOf(step, 'tres'), 'requested'), 'max')
    return most.flatMap((item) => (item['type'] === 'mem' ? [numberOf(item, 'count') ?? 0] : []))
  })
  const peak = Math.max(0, ...peaks)
  return withoutUndefined<AccountedJob>({
    id: requiredNumberOf(job, 'job_id'),
    sluid: textOf(job, 'sluid'),
    restarts: numberOf(job, 'restart_cnt'),
    array: arrayOf(objectOf(job, 'array')),
    het: hetId === undefined ? undefined : { jobId: hetId, offset: numberOf(objectOf(job, 'het'), 'job_offset') ?? 0 },
    name: typeof job['name'] === 'string' ? job['name'] : '',
    user: textOf(job, 'user'),
    account: textOf(job, 'account'),
    partition: textOf(job, 'partition'),
    qos: textOf(job, 'qos'),
    state,
    exit: isFinished(state) ? credible(state, exitOfJson(job['exit_code'])) : undefined,
    nodes: nodes === 'None assigned' ? undefined : nodes,
    submitTime: timeOf(time, 'submission'),
    eligibleTime: timeOf(time, 'eligible'),
    startTime: nodes === undefined || nodes === 'None assigned' ? undefined : startOf(time),
    endTime: timeOf(time, 'end'),
    timeLimit: minutes === undefined ? (isInfinite(time, 'limit') ? 'unlimited' : undefined) : minutes * 60_000,
    requested: tresOf(tres, 'requested'),
    allocated: tresOf(tres, 'allocated'),
    cpuSeconds: cpuSeconds === 0 ? undefined : cpuSeconds,
    maxRssBytes: peak === 0 ? undefined : peak,
  })
}

/** 0.0.37 writes the time from which the job might have started. */
function startOf(time: JsonObject): number | undefined {
  const end = positiveOf(time, 'end')
  if (end === undefined) return timeOf(time, 'start')
  return (end - (numberOf(time, 'elapsed') ?? 0) - (numberOf(time, 'suspended') ?? 0)) * 1000
}

/** 22.05 writes success for jobs that failed. */
function credible(state: JobState, exit: ExitCode | undefined): ExitCode | undefined {
  return state === 'FAILED' && exit?.status === 0 && exit.signal === 0 ? undefined : exit
}

function arrayOf(array: JsonObject): JobArray | undefined {
  const jobId = positiveOf(array, 'job_id')
  if (jobId === undefined) return undefined
  const task = numberOf(array, 'task_id') ?? textOf(array, 'task')
  return task === undefined ? undefined : { jobId, ...parseArrayTasks(tasksOf(String(task))) }
}

/** Tasks that wait are a bitmap here, "0xE" for 1 to 3. */
function tasksOf(text: string): string {
  const digits = /^0x([0-9A-Fa-f]+)$/.exec(text)?.[1]
  if (digits === undefined) return text
  const bits = [...digits]
    .toReversed()
    .flatMap((digit, index) =>
      [0, 1, 2, 3].filter((bit) => (Number.parseInt(digit, 16) >> bit) & 1).map((bit) => index * 4 + bit),
    )
  return bits.join(',')
}

function tresOf(object: JsonObject, key: string): Tres {
  return Object.fromEntries(
    listOf(object, key).flatMap((item) => {
      const count = numberOf(item, 'count')
      const [type, name] = [textOf(item, 'type'), textOf(item, 'name')]
      if (type === undefined || count === undefined) return []
      return [[name === undefined ? type : `${type}/${name}`, count]]
    }),
  )
}

function secondsOf(time: JsonObject): number {
  return (numberOf(time, 'seconds') ?? 0) + (numberOf(time, 'microseconds') ?? 0) / 1e6
}

function listOf(object: JsonObject, key: string): JsonObject[] {
  const list = object[key]
  return Array.isArray(list) ? list.map((item) => asObject(item, key)) : []
}
