import { capabilitiesOf, type SlurmVersion } from './capabilities.ts'
import { parseDiag } from './diag-record.ts'
import type { JobRecord } from './job-record.ts'
import { isFinished } from './job-state.ts'
import { fieldsOf, parseKeyValueRecord, splitKeyValueRecords } from './key-value.ts'
import { type ReadAgain, rememberRecords } from './known-records.ts'
import { type NodeRecord, nodeFreeText, nodeRecord } from './node-record.ts'
import { partitionRecord } from './partition-record.ts'
import { runSlurm, type SlurmCommandOptions, type SlurmOutput } from './slurm-command.ts'
import { SlurmError, SlurmParseError } from './slurm-error.ts'
import type { SlurmSnapshot, SnapshotProblem } from './snapshot.ts'
import { parseExcludedNodes, parseSqueueRecord, splitSqueue, squeueFormat, withExcludedNodes } from './squeue.ts'

/** `-F` shows FUTURE names, `-a` hidden partitions, `-d` the GPUs in use (which AllocTRES has only with accounting). */
const nodeArguments = ['-a', '-F', '-d', '-o', 'show', 'nodes']
const partitionArguments = ['-a', '-o', 'show', 'partitions']

/** What a client keeps from one look to the next. */
export interface LookMemory {
  nodes: ReadAgain<NodeRecord>
  jobs: ReadAgain<JobRecord>
}

/** The memory before the first look, and after a change of Slurm's version. */
export function newLookMemory(): LookMemory {
  return { nodes: rememberRecords(), jobs: rememberRecords() }
}

/**
 * Reads the whole cluster in Slurm's text formats, all commands at once: at 5,000 nodes and 10,000 jobs they take a tenth
 * of a second where JSON takes seven. sdiag may fail without failing the snapshot.
 * @throws SlurmError; `refused` for a release that is too old
 */
export async function readSnapshot(
  options: SlurmCommandOptions & { mark: string; excludedNodes?: boolean; breathe?: () => Promise<void> },
  version: SlurmVersion,
  memory: LookMemory = newLookMemory(),
): Promise<SlurmSnapshot> {
  const format = squeueFormat(capabilitiesOf(version), options.mark)
  const takenAt = options.clock.now()
  const abort = new AbortController()
  const run = (program: string, args: readonly string[]) => runSlurm(options, program, args, abort.signal)
  const problems: SnapshotProblem[] = []
  const diagnosis = run('sdiag', []).catch((error: unknown) => {
    problems.push({ kind: 'diag', message: messageOf(error) })
    return undefined
  })
  try {
    const [nodes, jobs, excluded, partitions, diag] = await Promise.all([
      run('scontrol', nodeArguments),
      run('squeue', format.arguments),
      options.excludedNodes !== false && format.excludedArguments && run('squeue', format.excludedArguments),
      run('scontrol', partitionArguments),
      diagnosis,
    ])
    const tookMs = options.clock.now() - takenAt
    const excludedNodes = excluded ? parseExcludedNodes(excluded.stdout) : undefined
    const readAgain = memory.jobs((record) => parseSqueueRecord(record, format))
    const readJob = (record: string) => withExcludedNodes(readAgain(record), excludedNodes)
    const queue = await inParts(splitSqueue(jobs.stdout, format), 'job', problems, readJob, options.breathe)
    const readNode = memory.nodes((record) => nodeRecord(fieldsOf(parseKeyValueRecord(record, nodeFreeText))))
    const readPartition = (record: string) => partitionRecord(fieldsOf(parseKeyValueRecord(record)))
    const diagRecord = diag && attempt(() => parseDiag(diag.stdout), 'diag', problems)
    const outputs = [nodes, jobs, excluded, partitions, diag].filter(
      (output) => output !== undefined && output !== false,
    )
    const snapshot: SlurmSnapshot = {
      takenAt,
      tookMs,
      version,
      nodes: await inParts(recordsOf(nodes, 'NodeName'), 'node', problems, readNode, options.breathe),
      jobs: queue.filter((job) => !isFinished(job.state)),
      finished: queue.filter((job) => isFinished(job.state)),
      partitions: await inParts(recordsOf(partitions, 'PartitionName'), 'partition', problems, readPartition),
      costs: outputs.map(({ command, tookMs, stdout }) => ({ command: nameOf(command), tookMs, bytes: stdout.length })),
      problems,
    }
    return diagRecord ? { ...snapshot, diag: diagRecord } : snapshot
  } finally {
    abort.abort(new Error('another command of the snapshot failed'))
  }
}

/** @throws SlurmError when it is no list of records */
function recordsOf({ stdout, command }: SlurmOutput, firstKey: string): string[] {
  if (/^No (?:nodes|partitions) in the system/.test(stdout)) return []
  try {
    return splitKeyValueRecords(stdout, firstKey)
  } catch (error) {
    throw parseError(error, command)
  }
}

/** Records that are read in one go: some milliseconds. */
const recordsAtOnce = 200

/** Reads each record; those that cannot be read are problems. In between, others may run. */
async function inParts<T>(
  records: readonly string[],
  kind: SnapshotProblem['kind'],
  problems: SnapshotProblem[],
  read: (record: string) => T,
  breathe?: () => Promise<void>,
): Promise<T[]> {
  const found: T[] = []
  for (const [index, record] of records.entries()) {
    const value = attempt(() => read(record), kind, problems)
    if (value !== undefined) found.push(value)
    if (breathe && index % recordsAtOnce === recordsAtOnce - 1) await breathe()
  }
  return found
}

/** The value; undefined, and a problem, when it cannot be read. */
export function attempt<T>(read: () => T, kind: SnapshotProblem['kind'], problems: SnapshotProblem[]): T | undefined {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof SlurmParseError)) throw error
    problems.push({ kind, message: error.message })
    return undefined
  }
}

/** The SlurmError for output that cannot be read; other errors as they are. */
export function parseError(error: unknown, command: string): unknown {
  if (!(error instanceof SlurmParseError)) return error
  return new SlurmError('parse', `${command} printed ${error.message}`, { command, cause: error })
}

function nameOf(command: string): string {
  return (/^\S*?([^/\s]+)(?:\s|$)/.exec(command)?.[1] ?? command) + (/ show (\w+)/.exec(command)?.[0] ?? '')
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
