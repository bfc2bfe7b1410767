import type { BackfillDiag, DiagRecord, RpcCost } from '../diag-record.ts'
import { withoutUndefined } from '../fields.ts'
import { SlurmParseError } from '../slurm-error.ts'
import { asObject, type JsonObject, numberOf, parseJsonObject, requiredNumberOf, requiredTextOf } from './json-value.ts'

/**
 * Reads `sdiag --json` (23.02 and later) or slurmrestd's `/diag` of data parsers 0.0.36 to 0.0.45.
 * @throws SlurmParseError, SlurmError
 */
export function parseDiagJson(text: string): DiagRecord {
  const statistics = parseJsonObject(text, 'statistics')
  return withoutUndefined<DiagRecord>({
    at: requiredNumberOf(statistics, 'req_time') * 1000,
    since: requiredNumberOf(statistics, 'req_time_start') * 1000,
    serverThreads: requiredNumberOf(statistics, 'server_thread_count'),
    agentQueueSize: requiredNumberOf(statistics, 'agent_queue_size'),
    dbdAgentQueueSize: requiredNumberOf(statistics, 'dbd_agent_queue_size'),
    jobsSubmitted: requiredNumberOf(statistics, 'jobs_submitted'),
    jobsStarted: requiredNumberOf(statistics, 'jobs_started'),
    jobsCompleted: requiredNumberOf(statistics, 'jobs_completed'),
    jobsCanceled: requiredNumberOf(statistics, 'jobs_canceled'),
    jobsFailed: requiredNumberOf(statistics, 'jobs_failed'),
    jobsPending: numberOf(statistics, 'jobs_pending'),
    jobsRunning: numberOf(statistics, 'jobs_running'),
    lastCycleMicroseconds: numberOf(statistics, 'schedule_cycle_last'),
    maxCycleMicroseconds: numberOf(statistics, 'schedule_cycle_max'),
    meanCycleMicroseconds: numberOf(statistics, 'schedule_cycle_mean'),
    cycles: numberOf(statistics, 'schedule_cycle_total'),
    // The text leaves it out where JSON says 0: in the first minute.
    cyclesPerMinute: numberOf(statistics, 'schedule_cycle_per_minute') || undefined,
    meanDepth: numberOf(statistics, 'schedule_cycle_mean_depth'),
    lastBackfillCycleMicroseconds: numberOf(statistics, 'bf_cycle_last'),
    backfill: withoutUndefined<BackfillDiag>({
      jobsSinceStart: numberOf(statistics, 'bf_backfilled_jobs'),
      jobsSinceReset: numberOf(statistics, 'bf_last_backfilled_jobs'),
      hetJobsSinceStart: numberOf(statistics, 'bf_backfilled_het_jobs'),
      cycles: numberOf(statistics, 'bf_cycle_counter'),
      lastCycleAt: secondsOf(statistics, 'bf_when_last_cycle'),
      lastCycleMicroseconds: numberOf(statistics, 'bf_cycle_last'),
      maxCycleMicroseconds: numberOf(statistics, 'bf_cycle_max'),
      meanCycleMicroseconds: numberOf(statistics, 'bf_cycle_mean'),
      lastDepth: numberOf(statistics, 'bf_last_depth'),
      lastDepthTried: numberOf(statistics, 'bf_last_depth_try'),
      meanDepth: numberOf(statistics, 'bf_depth_mean'),
      meanDepthTried: numberOf(statistics, 'bf_depth_mean_try'),
      lastQueueLength: numberOf(statistics, 'bf_queue_len'),
      meanQueueLength: numberOf(statistics, 'bf_queue_len_mean'),
    }),
    lastQueueLength: numberOf(statistics, 'schedule_queue_length'),
    rpcByType: rpcsOf(statistics, 'rpcs_by_message_type', 'message_type'),
    rpcByUser: rpcsOf(statistics, 'rpcs_by_user', 'user'),
  })
}

/** A time in ms since the epoch; 0 stands for never. */
function secondsOf(statistics: JsonObject, key: string): number | undefined {
  const seconds = numberOf(statistics, key)
  return seconds === undefined || seconds === 0 ? undefined : seconds * 1000
}

function rpcsOf(statistics: JsonObject, key: string, name: string): RpcCost[] {
  const list = statistics[key] ?? []
  if (!Array.isArray(list)) throw new SlurmParseError(`"${key}" is not a list`, JSON.stringify(list))
  return list.map((item: unknown) => {
    const rpc = asObject(item, key)
    return {
      name: requiredTextOf(rpc, name),
      count: requiredNumberOf(rpc, 'count'),
      averageMicroseconds: numberOf(rpc, 'average_time') ?? 0,
      totalMicroseconds: numberOf(rpc, 'total_time') ?? 0,
    }
  })
}
