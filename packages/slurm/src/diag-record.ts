import { withoutUndefined } from './fields.ts'
import { SlurmParseError } from './slurm-error.ts'
import { parseDiagTimestamp } from './timestamp.ts'

/** One message type's share of slurmctld's time since its counters were reset. */
export interface RpcCost {
  name: string
  count: number
  averageMicroseconds: number
  totalMicroseconds: number
}

/** What sdiag says about the backfill scheduler. Absent: it says nothing. Times of cycles in microseconds. */
export interface BackfillDiag {
  jobsSinceStart?: number
  /** Since the counters were reset. */
  jobsSinceReset?: number
  hetJobsSinceStart?: number
  cycles?: number
  /** ms since the epoch. */
  lastCycleAt?: number
  lastCycleMicroseconds?: number
  maxCycleMicroseconds?: number
  meanCycleMicroseconds?: number
  lastDepth?: number
  lastDepthTried?: number
  meanDepth?: number
  meanDepthTried?: number
  lastQueueLength?: number
  meanQueueLength?: number
}

/** What sdiag says about the controller. */
export interface DiagRecord {
  /** ms since the epoch. */
  at: number
  /** When the counters began, ms since the epoch. */
  since: number
  serverThreads: number
  agentQueueSize: number
  dbdAgentQueueSize: number
  jobsSubmitted: number
  jobsStarted: number
  jobsCompleted: number
  jobsCanceled: number
  jobsFailed: number
  /** Counted every 30 s by slurmctld; undefined when it says nothing. */
  jobsPending?: number
  jobsRunning?: number
  lastCycleMicroseconds?: number
  maxCycleMicroseconds?: number
  meanCycleMicroseconds?: number
  cycles?: number
  /** Undefined in the first minute after a reset. */
  cyclesPerMinute?: number
  meanDepth?: number
  lastBackfillCycleMicroseconds?: number
  backfill: BackfillDiag
  lastQueueLength?: number
  rpcByType: readonly RpcCost[]
  rpcByUser: readonly RpcCost[]
}

const rpcLine = /^\t(.{1,60}?)\s*\( *(\d+)\) +count:(\d+) +ave_time:(\d+) +total_time:(\d+)/

/**
 * Reads `sdiag`, 21.08 and later.
 * @throws SlurmParseError when it has no time line or a counter that every version prints is missing
 */
export function parseDiag(text: string): DiagRecord {
  const lines = text.split('\n')
  const values = new Map<string, string>()
  const rpcs: Record<string, RpcCost[]> = {}
  let section = ''
  for (const line of lines) {
    const rpc = rpcLine.exec(line)
    const value = /^\t?([^:\t]+?(?:\([^)]*\))?):\s*(-?\d.*)$/.exec(line)
    if (rpc) rpcs[section] = [...(rpcs[section] ?? []), rpcCost(rpc)]
    else if (value) values.set(line.startsWith('\t') ? `${section}/${value[1]}` : (value[1] ?? ''), value[2] ?? '')
    else if (/^\S/.test(line) && !line.startsWith('*')) section = line.replace(/\s*\(.*|:\s*$/g, '').trim()
  }
  const number = (key: string) => {
    const found = Number.parseInt(values.get(key) ?? '', 10)
    return Number.isNaN(found) ? undefined : found
  }
  const required = (key: string) => {
    const found = number(key)
    if (found === undefined) throw new SlurmParseError(`sdiag without "${key}"`, text)
    return found
  }
  const pendingSince = lineAfter(lines, 'Job states ts:')
  return withoutUndefined<DiagRecord>({
    at: parseDiagTimestamp(lineAfter(lines, 'sdiag output at') ?? ''),
    since: parseDiagTimestamp(lineAfter(lines, 'Data since') ?? ''),
    serverThreads: required('Server thread count'),
    agentQueueSize: required('Agent queue size'),
    dbdAgentQueueSize: required('DBD Agent queue size'),
    jobsSubmitted: required('Jobs submitted'),
    jobsStarted: required('Jobs started'),
    jobsCompleted: required('Jobs completed'),
    jobsCanceled: required('Jobs canceled'),
    jobsFailed: required('Jobs failed'),
    jobsPending: pendingSince === undefined ? undefined : number('Jobs pending'),
    jobsRunning: pendingSince === undefined ? undefined : number('Jobs running'),
    lastCycleMicroseconds: number('Main schedule statistics/Last cycle'),
    maxCycleMicroseconds: number('Main schedule statistics/Max cycle'),
    meanCycleMicroseconds: number('Main schedule statistics/Mean cycle'),
    cycles: number('Main schedule statistics/Total cycles'),
    cyclesPerMinute: number('Main schedule statistics/Cycles per minute'),
    meanDepth: number('Main schedule statistics/Mean depth cycle'),
    lastBackfillCycleMicroseconds: number('Backfilling stats/Last cycle'),
    backfill: withoutUndefined<BackfillDiag>({
      jobsSinceStart: number('Backfilling stats/Total backfilled jobs (since last slurm start)'),
      jobsSinceReset: number('Backfilling stats/Total backfilled jobs (since last stats cycle start)'),
      hetJobsSinceStart: number('Backfilling stats/Total backfilled heterogeneous job components'),
      cycles: number('Backfilling stats/Total cycles'),
      lastCycleAt: backfilledAt(lines),
      lastCycleMicroseconds: number('Backfilling stats/Last cycle'),
      maxCycleMicroseconds: number('Backfilling stats/Max cycle'),
      meanCycleMicroseconds: number('Backfilling stats/Mean cycle'),
      lastDepth: number('Backfilling stats/Last depth cycle'),
      lastDepthTried: number('Backfilling stats/Last depth cycle (try sched)'),
      meanDepth: number('Backfilling stats/Depth Mean'),
      meanDepthTried: number('Backfilling stats/Depth Mean (try depth)'),
      lastQueueLength: number('Backfilling stats/Last queue length'),
      meanQueueLength: number('Backfilling stats/Queue length mean'),
    }),
    lastQueueLength: number('Main schedule statistics/Last queue length'),
    rpcByType: rpcs['Remote Procedure Call statistics by message type'] ?? [],
    rpcByUser: rpcs['Remote Procedure Call statistics by user'] ?? [],
  })
}

/** "N/A" before the first cycle. */
function backfilledAt(lines: readonly string[]): number | undefined {
  const text = lineAfter(lines, '\tLast cycle when:')
  return text !== undefined && /\(\d+\)/.test(text) ? parseDiagTimestamp(text) : undefined
}

function rpcCost(match: RegExpExecArray): RpcCost {
  const [count = 0, averageMicroseconds = 0, totalMicroseconds = 0] = match.slice(3).map(Number)
  return { name: match[1] ?? '', count, averageMicroseconds, totalMicroseconds }
}

function lineAfter(lines: readonly string[], start: string): string | undefined {
  return lines.find((line) => line.startsWith(start))?.slice(start.length)
}
