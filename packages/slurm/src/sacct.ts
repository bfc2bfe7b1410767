import { type AccountedJob, numberRuns } from './accounted-job.ts'
import { parseArrayTasks } from './array-tasks.ts'
import type { SlurmCapabilities } from './capabilities.ts'
import { parseCpuTime, parseTimeLimit } from './duration.ts'
import { parseExitCode } from './exit-code.ts'
import { type Fields, optionalNumber, optionalText, requiredNumber, requiredText, withoutUndefined } from './fields.ts'
import { isFinished, parseJobState } from './job-state.ts'
import { parseMemory } from './size.ts'
import { SlurmParseError } from './slurm-error.ts'
import { parseTimestamp } from './timestamp.ts'
import { parseTres } from './tres.ts'

/** Fields of `sacct -o` that 22.05 and later know. None but the last can hold a user's text. */
const commonFields = [
  'JobIDRaw',
  'JobID',
  'State',
  'ExitCode',
  'Submit',
  'Eligible',
  'Start',
  'End',
  'TimelimitRaw',
  'NodeList',
  'AllocTRES',
  'ReqTRES',
  'TotalCPU',
  'MaxRSS',
  'User',
  'Account',
  'Partition',
  'QOS',
]

/** How one release's sacct is asked about jobs, and how its answer is read. */
export interface SacctFormat {
  /** Fields in order; the name, which may hold anything, is the last. */
  fields: readonly string[]
  /** Between fields: begins with a byte that words do not have. */
  delimiter: string
  /** Arguments that print all runs of all jobs of a list, with their steps; the list follows. */
  arguments: readonly string[]
}

/**
 * The format for a release.
 * @param mark random text, so that no job's name can be taken for another record
 */
export function sacctFormat(capabilities: Pick<SlurmCapabilities, 'sacctRestarts'>, mark: string): SacctFormat {
  const fields = [...commonFields, ...(capabilities.sacctRestarts ? ['Restarts', 'SLUID'] : []), 'JobName']
  const delimiter = `\x1f${mark}`
  return { fields, delimiter, arguments: ['-n', '-P', '-D', '--delimiter', delimiter, '-o', fields.join(','), '-j'] }
}

/**
 * Reads `sacct` with the arguments of `format`, run with `TZ=UTC`: every run of every job, the oldest first. A job's id that is
 * an array's brings all tasks of that array.
 * @throws SlurmParseError
 */
export function parseSacct(text: string, format: SacctFormat): AccountedJob[] {
  const rows = splitSacctRows(text, format)
  const jobs: { job: AccountedJob; peaks: number[] }[] = []
  for (const row of rows) {
    const id = requiredText(row, 'JobIDRaw')
    // Steps follow their run.
    if (!id.includes('.')) jobs.push({ job: accountedJob(row), peaks: [] })
    const peak = parseMemory(row['MaxRSS'] ?? '')
    if (peak) jobs.at(-1)?.peaks.push(peak.mb * 1024 * 1024)
  }
  return numberRuns(
    jobs.map(({ job, peaks }) => (peaks.length === 0 ? job : { ...job, maxRssBytes: Math.round(Math.max(...peaks)) })),
  )
}

/**
 * Splits what `sacct -n -P` printed of fields of which JobIDRaw is the first. The last one may hold line breaks: a record begins
 * where a job's id is followed by the delimiter.
 * @throws SlurmParseError
 */
export function splitSacctRows(text: string, { fields, delimiter }: Omit<SacctFormat, 'arguments'>): Fields[] {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  const records: string[] = []
  for (const line of lines) {
    const begins = /^\d+(?:\.\w+)?$/.test(line.slice(0, Math.max(0, line.indexOf(delimiter))))
    if (begins) records.push(line)
    else if (records.length === 0) throw new SlurmParseError('sacct does not begin with a job', line)
    else records.push(`${records.pop()}\n${line}`)
  }
  return records.map((record) => {
    const values = record.split(delimiter)
    if (values.length !== fields.length)
      throw new SlurmParseError(`a job with ${values.length} fields instead of ${fields.length}`, record)
    return Object.fromEntries(fields.map((name, index) => [name, values[index] ?? '']))
  })
}

function accountedJob(row: Fields): AccountedJob {
  const state = parseJobState(requiredText(row, 'State'))
  const limit = parseTimeLimit(row['TimelimitRaw'] ?? '')
  const cpuSeconds = parseCpuTime(row['TotalCPU'] ?? '')
  const nodes = optionalText(row, 'NodeList')
  const task = /^(\d+)_(.+)$/.exec(row['JobID'] ?? '')
  const het = /^(\d+)\+(\d+)$/.exec(row['JobID'] ?? '')
  return withoutUndefined<AccountedJob>({
    id: requiredNumber(row, 'JobIDRaw'),
    sluid: optionalText(row, 'SLUID'),
    restarts: optionalNumber(row, 'Restarts'),
    array: task ? { jobId: Number(task[1]), ...parseArrayTasks(task[2] ?? '') } : undefined,
    het: het ? { jobId: Number(het[1]), offset: Number(het[2]) } : undefined,
    name: row['JobName'] ?? '',
    user: optionalText(row, 'User'),
    account: optionalText(row, 'Account'),
    partition: optionalText(row, 'Partition'),
    qos: optionalText(row, 'QOS'),
    state,
    exit: isFinished(state) ? parseExitCode(requiredText(row, 'ExitCode')) : undefined,
    nodes: nodes === 'None assigned' ? undefined : nodes,
    submitTime: parseTimestamp(row['Submit'] ?? ''),
    eligibleTime: parseTimestamp(row['Eligible'] ?? ''),
    startTime: nodes === undefined || nodes === 'None assigned' ? undefined : parseTimestamp(row['Start'] ?? ''),
    endTime: parseTimestamp(row['End'] ?? ''),
    timeLimit: limit,
    requested: parseTres(row['ReqTRES'] ?? ''),
    allocated: parseTres(row['AllocTRES'] ?? ''),
    // Nothing was measured where it is 0: a process takes some.
    cpuSeconds: cpuSeconds === 0 ? undefined : cpuSeconds,
    maxRssBytes: undefined,
  })
}
