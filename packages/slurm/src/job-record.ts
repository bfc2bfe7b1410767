import { parseArrayTasks } from './array-tasks.ts'
import { parseTimeLimit, type TimeLimit } from './duration.ts'
import { type ExitCode, parseExitCode } from './exit-code.ts'
import {
  type Fields,
  optionalNumber,
  optionalText,
  requiredNumber,
  requiredText,
  textList,
  withoutUndefined,
} from './fields.ts'
import { type Gres, parseGresList } from './gres.ts'
import { isFinished, type JobState, parseJobState } from './job-state.ts'
import { type FreeText, fieldsOf, parseKeyValueRecords } from './key-value.ts'
import { type PendingReason, parsePendingReason } from './pending-reason.ts'
import { parseCount, parseMemory } from './size.ts'
import { SlurmParseError } from './slurm-error.ts'
import { parseTimestamp } from './timestamp.ts'
import { parseTres, type Tres } from './tres.ts'

/** Tasks of a job array that one record stands for. A task that runs has a record of its own. */
export interface JobArray {
  /** The array's own job id. */
  jobId: number
  /** The tasks of this record: "3-20", "1,3,5-7", "1-9:2"; one number for a task of its own. */
  tasks: string
  /** How many these are; at least 1. */
  count: number
  /** Most tasks of the whole array that may run at once (`%2`); undefined without such a limit, and for tasks of their own. */
  limit?: number
}

/** A component of a heterogeneous job: all of them start together or none. */
export interface HetComponent {
  /** The first component's job id, shared by all. */
  jobId: number
  offset: number
}

/**
 * What a job asks for. For pending jobs Slurm's node and CPU numbers are minimums.
 * Absent is "not asked for", an empty list likewise.
 */
export interface JobRequest {
  nodesMin: number
  /** Largest number of nodes; undefined where none was given or it is `nodesMin`. 26.05 gives the number of tasks for none. */
  nodesMax?: number
  /** Total CPUs. */
  cpus: number
  tasks?: number
  cpusPerTask?: number
  /** Smallest number of CPUs that each node must give. */
  minCpusPerNode?: number
  /** MiB; 0 is all of a node's memory. Never together with `memoryPerCpuMb`. */
  memoryPerNodeMb?: number
  memoryPerCpuMb?: number
  /** `--gpus`: in the whole job. */
  gresPerJob: readonly Gres[]
  /** `--gres`, `--gpus-per-node`. */
  gresPerNode: readonly Gres[]
  gresPerSocket: readonly Gres[]
  gresPerTask: readonly Gres[]
  /** Constraint expression, e.g. "hopper&ib". */
  features?: string
  /** Nodes that the job must have, as a hostlist. */
  requiredNodes?: string
  /** Nodes that it must not have, as a hostlist. */
  excludedNodes?: string
  /** Whether it takes whole nodes (`--exclusive`); `user`, `mcs` and `topo` share within their group. */
  exclusive: 'no' | 'yes' | 'user' | 'mcs' | 'topo'
  contiguous: boolean
  licenses?: string
}

/** One record of squeue: a job, or the pending tasks of an array. Times are ms since the epoch. */
export interface JobRecord {
  id: number
  name: string
  user: string
  account?: string
  qos?: string
  /** Every partition that it may run in; once started, the one it runs in. */
  partitions: readonly string[]
  state: JobState
  reason: PendingReason
  array?: JobArray
  het?: HetComponent
  request: JobRequest
  /** What it asks for in all, or, once started, what it has: "cpu", "mem", "node", and "gres/gpu" where GPUs are tracked. */
  tres: Tres
  /** Allocated nodes, as a hostlist; undefined before it starts. */
  nodes?: string
  /** Nodes that backfill plans for it, as a hostlist. */
  scheduledNodes?: string
  priority: number
  submitTime?: number
  /** When it may start at the earliest (`--begin`, requeue delay). */
  eligibleTime?: number
  /** When it started; for a pending job, when Slurm expects it to. */
  startTime?: number
  endTime?: number
  timeLimit?: TimeLimit
  reservation?: string
  dependency?: string
  comment?: string
  restarts: number
  /** How a finished job ended; undefined before that. */
  exit?: ExitCode
  /** Slurm's unique id of the run: squeue tells it from 26.05. */
  sluid?: string
  /** These three: not from squeue. */
  adminComment?: string
  workDir?: string
  stdout?: string
}

const paths = ['StdErr', 'StdIn', 'StdOut', 'Power', 'MailUser', 'MailType', 'TresPerJob', 'TresPerNode', 'TresPerTask']
const tail = [
  'AdminComment',
  'SystemComment',
  'Comment',
  'Extra',
  ...paths,
  'TresPerSocket',
  'TresBind',
  'TresFreq',
  'TRESFreq',
  'MemPerTres',
  'CpusPerTres',
  'NtasksPerTRES',
  'BurstBuffer',
  'Container',
  'ContainerID',
  'NodeAddr',
]

/** How a job's record begins: more than its first key, which a job's name may hold behind a line break. */
export const jobStart = /^JobId=\d+ +(?:ArrayJobId|HetJobId|JobName)=/gm

/** Keys of a job that hold people's text, and what Slurm prints after them (job_info.c, slurm_sprint_job_info). */
export const jobFreeText: FreeText = {
  JobName: ['HetJobIdSet', 'SLUID', 'UserId'],
  Command: ['SubmitLine', 'WorkDir'],
  SubmitLine: ['WorkDir'],
  WorkDir: tail,
  AdminComment: tail,
  SystemComment: tail,
  Comment: tail,
  Extra: tail,
  StdErr: paths,
  StdIn: paths,
  StdOut: tail,
  Network: ['Command'],
}

/**
 * Reads `scontrol show job`, with or without `-o` and `-d`, run with `TZ=UTC` and `SLURM_BITSTR_LEN=0`.
 * A user's job name, comment or command can imitate keys here; JSON and squeue's own fields cannot be imitated.
 * @throws SlurmParseError
 */
export function parseJobs(text: string): JobRecord[] {
  if (/^No jobs in the system/.test(text)) return []
  return parseKeyValueRecords(text, jobStart, jobFreeText).map((record) => jobRecord(fieldsOf(record)))
}

/**
 * A job from the keys of its `scontrol show job` record.
 * @throws SlurmParseError
 */
export function jobRecord(fields: Fields): JobRecord {
  const state = parseJobState(requiredText(fields, 'JobState'))
  const tres = parseTres(optionalText(fields, 'AllocTRES') ?? fields['ReqTRES'] ?? fields['TRES'] ?? '')
  const [nodesMin, nodesMax] = parseNodeRange(fields['NumNodes'] ?? '')
  const perCpu = parseMemory(fields['MinMemoryCPU'] ?? '')
  const perNode = parseMemory(fields['MinMemoryNode'] ?? '')
  const arrayId = optionalNumber(fields, 'ArrayJobId')
  const hetId = optionalNumber(fields, 'HetJobId')
  const tasks = arrayId === undefined ? undefined : parseArrayTasks(requiredText(fields, 'ArrayTaskId'))
  return withoutUndefined<JobRecord>({
    id: requiredNumber(fields, 'JobId'),
    name: fields['JobName'] ?? '',
    user: (fields['UserId'] ?? '').replace(/\(\d+\)$/, ''),
    account: optionalText(fields, 'Account'),
    qos: optionalText(fields, 'QOS'),
    partitions: textList(fields, 'Partition'),
    state,
    reason: parsePendingReason(fields['Reason'] ?? ''),
    array: arrayId === undefined || tasks === undefined ? undefined : { jobId: arrayId, ...tasks },
    het: hetId === undefined ? undefined : { jobId: hetId, offset: optionalNumber(fields, 'HetJobOffset') ?? 0 },
    request: withoutUndefined<JobRequest>({
      nodesMin,
      nodesMax,
      cpus: optionalNumber(fields, 'NumCPUs') ?? 0,
      tasks: optionalNumber(fields, 'NumTasks'),
      cpusPerTask: optionalNumber(fields, 'CPUs/Task'),
      minCpusPerNode: optionalNumber(fields, 'MinCPUsNode'),
      memoryPerNodeMb: perNode?.mb,
      memoryPerCpuMb: perCpu?.mb,
      gresPerJob: parseGresList(fields['TresPerJob'] ?? ''),
      gresPerNode: parseGresList(fields['TresPerNode'] ?? ''),
      gresPerSocket: parseGresList(fields['TresPerSocket'] ?? ''),
      gresPerTask: parseGresList(fields['TresPerTask'] ?? ''),
      features: optionalText(fields, 'Features'),
      requiredNodes: optionalText(fields, 'ReqNodeList'),
      excludedNodes: optionalText(fields, 'ExcNodeList'),
      exclusive: parseExclusive(fields['Exclusive'] ?? fields['OverSubscribe'] ?? '', 'Exclusive' in fields),
      contiguous: fields['Contiguous'] === '1',
      licenses: optionalText(fields, 'Licenses'),
    }),
    tres,
    nodes: state === 'PENDING' ? undefined : optionalText(fields, 'NodeList'),
    scheduledNodes: optionalText(fields, 'SchedNodeList'),
    priority: optionalNumber(fields, 'Priority') ?? 0,
    submitTime: parseTimestamp(fields['SubmitTime'] ?? ''),
    eligibleTime: parseTimestamp(fields['EligibleTime'] ?? ''),
    startTime: parseTimestamp(fields['StartTime'] ?? ''),
    endTime: parseTimestamp(fields['EndTime'] ?? ''),
    timeLimit: parseTimeLimit(fields['TimeLimit'] ?? ''),
    reservation: optionalText(fields, 'Reservation'),
    dependency: optionalText(fields, 'Dependency'),
    comment: optionalText(fields, 'Comment'),
    restarts: optionalNumber(fields, 'Restarts') ?? 0,
    exit: isFinished(state) && fields['ExitCode'] !== undefined ? parseExitCode(fields['ExitCode']) : undefined,
    sluid: optionalText(fields, 'SLUID'),
    adminComment: optionalText(fields, 'AdminComment'),
    workDir: optionalText(fields, 'WorkDir'),
    stdout: optionalText(fields, 'StdOut'),
  })
}

/**
 * Reads "2", "2-4" or "1-1" into the smallest and the largest number of nodes. An upper bound that equals the lower one
 * is left out, since squeue prints that also where none was given.
 * @throws SlurmParseError
 */
export function parseNodeRange(text: string): [number, number | undefined] {
  const match = /^(\d+(?:\.\d+)?[KM]?)(?:-(\d+(?:\.\d+)?[KM]?))?$/.exec(text.trim())
  const least = parseCount(match?.[1] ?? '')
  if (least === undefined) throw new SlurmParseError('not a number of nodes', text)
  const most = parseCount(match?.[2] ?? '')
  return [least, most !== undefined && most > least ? most : undefined]
}

/**
 * Reads how a job shares its nodes: `Exclusive` of 26.05 ("NO", "NODE", "USER", …), and before that OverSubscribe,
 * where "NO" means that the job shares with nobody.
 */
export function parseExclusive(word: string, ownKey: boolean): JobRequest['exclusive'] {
  const lower = word.toLowerCase()
  if (lower === 'user' || lower === 'mcs' || lower === 'topo') return lower
  if (ownKey) return lower === 'no' || lower === '' || lower === 'none' ? 'no' : 'yes'
  return lower === 'no' ? 'yes' : 'no'
}
