import { parseArrayTasks } from './array-tasks.ts'
import type { SlurmCapabilities } from './capabilities.ts'
import { parseTimeLimit } from './duration.ts'
import { parseSqueueExit } from './exit-code.ts'
import {
  type Fields,
  optionalNumber,
  optionalText,
  requiredNumber,
  requiredText,
  textList,
  withoutUndefined,
} from './fields.ts'
import { parseGresList } from './gres.ts'
import { type JobArray, type JobRecord, type JobRequest, parseExclusive, parseNodeRange } from './job-record.ts'
import { isFinished, parseJobState } from './job-state.ts'
import { parsePendingReason } from './pending-reason.ts'
import { parseCount, parseMemory } from './size.ts'
import { SlurmParseError } from './slurm-error.ts'
import { parseTimestamp } from './timestamp.ts'
import { parseTres, type Tres } from './tres.ts'

/** Between fields: no field but the job's name can hold it, and the name comes last. */
const fieldEnd = '\x1f'
/** After each job, with the caller's mark and before the line break, since a name may hold that. */
const recordEnd = '\x1e'

/**
 * Fields of `squeue -O` that 22.05 and later know. `-O` and not `-o`, because only there are the GPUs of a whole job,
 * of a task and of a socket, the upper bound of nodes, the tasks and the time from which a job may start.
 */
const commonFields = [
  'JobID',
  'JobArrayID',
  'HetJobID',
  'HetJobOffset',
  'State',
  'Reason',
  'Partition',
  'NumNodes',
  'MaxNodes',
  'NumCPUs',
  'NumTasks',
  'cpus-per-task',
  'MinCpus',
  'MinMemory',
  'tres-alloc',
  'tres-per-job',
  'tres-per-node',
  'tres-per-socket',
  'tres-per-task',
  'Feature',
  'ReqNodes',
  'OverSubscribe',
  'Contiguous',
  'NodeList',
  'SchedNodes',
  'PriorityLong',
  'SubmitTime',
  'EligibleTime',
  'StartTime',
  'EndTime',
  'TimeLimit',
  'UserName',
  'Account',
  'QOS',
  'Reservation',
  'RestartCnt',
  'exit_code',
  'Dependency',
  'Licenses',
]

/** How one release's squeue is asked, and how its answer is read. */
export interface SqueueFormat {
  /** Fields in order; the name, which may hold anything, is the last. */
  fields: readonly string[]
  /** What ends a job, before its line break. */
  recordEnd: string
  /** Arguments that print every job that slurmctld knows, finished ones too (for MinJobAge, 300 s by default). A size of 0 (`field:`) prints a field whole. */
  arguments: readonly string[]
  /**
   * Arguments of a second squeue that prints what `-O` cannot in this release: the nodes that pending jobs exclude,
   * for `parseExcludedNodes`. Undefined where `-O` can.
   */
  excludedArguments?: readonly string[]
}

/**
 * The format for a release. Of a field that it does not know, squeue prints nothing but an error.
 * @param mark random text, so that no job's name can be taken for another job's record
 */
export function squeueFormat(
  capabilities: Pick<SlurmCapabilities, 'separateExclusive' | 'squeueExcludedNodes' | 'squeueSluid'>,
  mark = '',
): SqueueFormat {
  const end = `${recordEnd}${mark}`
  const fields = [
    ...commonFields,
    ...(capabilities.separateExclusive ? ['Exclusive'] : []),
    ...(capabilities.squeueExcludedNodes ? ['ExcNodes'] : []),
    ...(capabilities.squeueSluid ? ['SLUID'] : []),
    'Name',
  ]
  const list = fields.map((name) => `${name}:${name === 'Name' ? end : fieldEnd}`).join(',')
  const format: SqueueFormat = { fields, recordEnd: end, arguments: ['-a', '-h', '-t', 'all', '-O', list] }
  if (capabilities.squeueExcludedNodes) return format
  return { ...format, excludedArguments: ['-a', '-h', '-t', 'PD', '-o', `%A${fieldEnd}%x${recordEnd}`] }
}

/** What squeue printed: jobs, and the records that could not be read. */
export interface SqueueResult {
  jobs: JobRecord[]
  errors: SlurmParseError[]
}

/**
 * Reads `squeue` with the arguments of `format`, run with `SLURM_BITSTR_LEN=0` (array tasks whole) and `TZ=UTC`.
 * A record that does not fit is an error of its own: one user's odd job must not hide the queue.
 * @param excluded of `parseExcludedNodes`
 */
export function parseSqueue(
  text: string,
  format: SqueueFormat,
  excluded: ReadonlyMap<number, string> = new Map(),
): SqueueResult {
  const result: SqueueResult = { jobs: [], errors: [] }
  for (const record of splitSqueue(text, format)) {
    try {
      result.jobs.push(withExcludedNodes(parseSqueueRecord(record, format), excluded))
    } catch (error) {
      if (!(error instanceof SlurmParseError)) throw error
      result.errors.push(error)
    }
  }
  return result
}

/** The records of what squeue printed, for `parseSqueueRecord`. */
export function splitSqueue(text: string, format: Pick<SqueueFormat, 'recordEnd'>): string[] {
  return splitRecords(text, format.recordEnd)
}

/**
 * Reads one record.
 * @throws SlurmParseError
 */
export function parseSqueueRecord(record: string, format: Pick<SqueueFormat, 'fields'>): JobRecord {
  return squeueJob(splitFields(record, format.fields))
}

/** Reads `squeue` with a format's `excludedArguments`: hostlists by job id. Lines that do not fit are left out. */
export function parseExcludedNodes(text: string): Map<number, string> {
  return new Map(
    splitRecords(text, recordEnd).flatMap((record) => {
      const [id = '', nodes = ''] = record.split(fieldEnd)
      return /^\d+$/.test(id) && nodes !== '' && nodes !== '(null)' ? [[Number(id), nodes] as const] : []
    }),
  )
}

/** The job with what it excludes, which this release tells apart from the rest. */
export function withExcludedNodes(job: JobRecord, excluded: ReadonlyMap<number, string> | undefined): JobRecord {
  const excludedNodes = job.request.excludedNodes ?? excluded?.get(job.id)
  return excludedNodes === undefined ? job : { ...job, request: { ...job.request, excludedNodes } }
}

function splitRecords(text: string, end: string): string[] {
  const records = text.split(`${end}\n`)
  return records.at(-1)?.trim() === '' ? records.slice(0, -1) : records
}

function splitFields(record: string, fieldNames: readonly string[]): Fields {
  const values = record.split(fieldEnd)
  if (values.length < fieldNames.length)
    throw new SlurmParseError(`a job with ${values.length} fields instead of ${fieldNames.length}`, record)
  const last = fieldNames.length - 1
  const fields: Record<string, string> = {}
  for (const [index, name] of fieldNames.entries())
    fields[name] = index === last ? values.slice(last).join(fieldEnd) : (values[index] ?? '')
  return fields
}

function squeueJob(fields: Fields): JobRecord {
  const id = requiredNumber(fields, 'JobID')
  const hetId = optionalNumber(fields, 'HetJobID')
  const state = parseJobState(requiredText(fields, 'State'))
  const tres = parseTres(fields['tres-alloc'] ?? '')
  const [nodesMin, nodesMax] = parseNodeRange(`${fields['NumNodes']}-${optionalNumber(fields, 'MaxNodes') ?? 0}`)
  const cpus = parseCount(fields['NumCPUs'] ?? '') ?? 0
  return withoutUndefined<JobRecord>({
    id,
    name: fields['Name'] ?? '',
    user: requiredText(fields, 'UserName'),
    account: optionalText(fields, 'Account'),
    qos: optionalText(fields, 'QOS'),
    partitions: textList(fields, 'Partition'),
    state,
    reason: parsePendingReason(fields['Reason'] ?? ''),
    array: arrayOf(requiredText(fields, 'JobArrayID')),
    het: hetId === undefined ? undefined : { jobId: hetId, offset: optionalNumber(fields, 'HetJobOffset') ?? 0 },
    request: withoutUndefined<JobRequest>({
      nodesMin,
      nodesMax,
      cpus,
      tasks: optionalNumber(fields, 'NumTasks'),
      cpusPerTask: optionalNumber(fields, 'cpus-per-task'),
      minCpusPerNode: optionalNumber(fields, 'MinCpus'),
      ...memoryOf(fields['MinMemory'] ?? '', tres, cpus),
      gresPerJob: parseGresList(fields['tres-per-job'] ?? ''),
      gresPerNode: parseGresList(fields['tres-per-node'] ?? ''),
      gresPerSocket: parseGresList(fields['tres-per-socket'] ?? ''),
      gresPerTask: parseGresList(fields['tres-per-task'] ?? ''),
      features: optionalText(fields, 'Feature'),
      requiredNodes: optionalText(fields, 'ReqNodes'),
      excludedNodes: optionalText(fields, 'ExcNodes'),
      exclusive: parseExclusive(fields['Exclusive'] ?? fields['OverSubscribe'] ?? '', 'Exclusive' in fields),
      contiguous: fields['Contiguous'] === '1',
      licenses: optionalText(fields, 'Licenses'),
    }),
    tres,
    nodes: state === 'PENDING' ? undefined : optionalText(fields, 'NodeList'),
    scheduledNodes: optionalText(fields, 'SchedNodes'),
    priority: optionalNumber(fields, 'PriorityLong') ?? 0,
    submitTime: parseTimestamp(fields['SubmitTime'] ?? ''),
    eligibleTime: parseTimestamp(fields['EligibleTime'] ?? ''),
    startTime: parseTimestamp(fields['StartTime'] ?? ''),
    endTime: parseTimestamp(fields['EndTime'] ?? ''),
    timeLimit: parseTimeLimit(fields['TimeLimit'] ?? ''),
    reservation: optionalText(fields, 'Reservation'),
    dependency: optionalText(fields, 'Dependency'),
    restarts: optionalNumber(fields, 'RestartCnt') ?? 0,
    exit: isFinished(state) ? parseSqueueExit(requiredText(fields, 'exit_code')) : undefined,
    sluid: optionalText(fields, 'SLUID'),
  })
}

/** "22" and "24+1" are no arrays; "9_1" is a task, "9_[3-20%2]" those that wait. */
function arrayOf(text: string): JobArray | undefined {
  const match = /^(\d+)_(.+)$/.exec(text)
  return match ? { jobId: Number(match[1]), ...parseArrayTasks(match[2] ?? '') } : undefined
}

/**
 * squeue prints memory per CPU and per node alike. The job's whole memory tells which one it is:
 * where CPUs times the size is the whole, it is per CPU (and where nodes equal CPUs, both are true).
 */
function memoryOf(text: string, tres: Tres, cpus: number): Pick<JobRequest, 'memoryPerCpuMb' | 'memoryPerNodeMb'> {
  const size = parseMemory(text)
  if (!size) return {}
  const perCpu = size.per ? size.per === 'cpu' : size.mb > 0 && cpus > 0 && tres['mem'] === size.mb * cpus
  return perCpu ? { memoryPerCpuMb: size.mb } : { memoryPerNodeMb: size.mb }
}
