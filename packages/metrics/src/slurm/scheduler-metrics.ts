import type { DiagRecord, RpcCost } from '@navarch/slurm/diag-record'
import type { Metric } from '../exposition.ts'
import { bounded, byLabel, type Dropped, gauge, single } from './make-metrics.ts'

/** Message types, and users, whose RPCs are told at most; those that took the most time first. */
const mostRpcs = 100

/** What sdiag says; without it there is no series at all. Times of cycles and RPCs in microseconds, as sdiag has them. */
export function schedulerMetrics(diag: DiagRecord | undefined, dropped: Dropped): Metric[] {
  const backfill = diag?.backfill
  const said = (name: string, help: string, value: number | undefined) =>
    single(`slurm_scheduler_${name}`, `${help}, by sdiag.`, value)
  return [
    said('threads', 'Threads of slurmctld that answer RPCs', diag?.serverThreads),
    said('queue_size', 'Messages to nodes that wait to be sent', diag?.agentQueueSize),
    said('dbd_queue_size', 'Messages to slurmdbd that wait', diag?.dbdAgentQueueSize),
    said('last_cycle', 'Last cycle of the main scheduler, in microseconds', diag?.lastCycleMicroseconds),
    said('max_cycle', 'Longest cycle of the main scheduler, in microseconds', diag?.maxCycleMicroseconds),
    said('mean_cycle', 'Mean cycle of the main scheduler, in microseconds', diag?.meanCycleMicroseconds),
    said('cycle_per_minute', 'Cycles of the main scheduler per minute', diag && cyclesPerMinute(diag)),
    said('cycles', 'Cycles of the main scheduler since the counters began', diag?.cycles),
    said('mean_depth', 'Jobs that a cycle of the main scheduler looks at', diag?.meanDepth),
    said('last_queue_length', 'Jobs that waited at the last cycle', diag?.lastQueueLength),
    said('backfill_last_cycle', 'Last cycle of backfill, in microseconds', backfill?.lastCycleMicroseconds),
    said('backfill_max_cycle', 'Longest cycle of backfill, in microseconds', backfill?.maxCycleMicroseconds),
    said('backfill_mean_cycle', 'Mean cycle of backfill, in microseconds', backfill?.meanCycleMicroseconds),
    said('backfill_cycles', 'Cycles of backfill since the counters began', backfill?.cycles),
    said('backfill_last_depth', 'Jobs that the last cycle of backfill looked at', backfill?.lastDepth),
    said('backfill_depth_mean', 'Jobs that a cycle of backfill looks at', backfill?.meanDepth),
    said('backfill_last_queue_length', 'Jobs that waited at the last cycle of backfill', backfill?.lastQueueLength),
    said(
      'backfill_last_cycle_timestamp_seconds',
      'When backfill last ran',
      backfill?.lastCycleAt === undefined ? undefined : backfill.lastCycleAt / 1000,
    ),
    said(
      'backfilled_jobs_since_start_total',
      'Jobs that backfill started since slurmctld started',
      backfill?.jobsSinceStart,
    ),
    said(
      'backfilled_jobs_since_cycle_total',
      'Jobs that backfill started since the counters began',
      backfill?.jobsSinceReset,
    ),
    said(
      'backfilled_heterogeneous_total',
      'Components of heterogeneous jobs that backfill started',
      backfill?.hetJobsSinceStart,
    ),
    said('jobs_submitted', 'Jobs submitted since the counters began', diag?.jobsSubmitted),
    said('jobs_started', 'Jobs started since the counters began', diag?.jobsStarted),
    said('jobs_completed', 'Jobs completed since the counters began', diag?.jobsCompleted),
    said('jobs_canceled', 'Jobs cancelled since the counters began', diag?.jobsCanceled),
    said('jobs_failed', 'Jobs failed since the counters began', diag?.jobsFailed),
    said('counters_since_timestamp_seconds', 'When the counters began', diag && diag.since / 1000),
    ...rpcMetrics('slurm_rpc_stats', 'operation', diag?.rpcByType, dropped),
    ...rpcMetrics('slurm_user_rpc_stats', 'user', diag?.rpcByUser, dropped),
  ]
}

/** sdiag leaves it out in the first minute; its own rule is cycles by whole minutes. */
function cyclesPerMinute({ cyclesPerMinute: said, cycles, at, since }: DiagRecord): number | undefined {
  if (said !== undefined) return said
  const minutes = (at - since) / 60_000
  return cycles === undefined || minutes <= 0 ? undefined : cycles / Math.max(1, minutes)
}

function rpcMetrics(name: string, label: string, rpcs: readonly RpcCost[] = [], dropped: Dropped): Metric[] {
  const shown = bounded(rpcs, mostRpcs, (rpc) => rpc.totalMicroseconds, name.replace('slurm_', ''), dropped)
  // A name that comes twice would be the same series twice.
  const entries = new Map(shown.map((rpc) => [rpc.name, rpc]))
  return [
    gauge(
      name,
      `RPCs to slurmctld by ${label} since the counters began, by sdiag.`,
      byLabel(label, entries, (rpc) => rpc.count),
    ),
    gauge(
      `${name}_avg_time`,
      `Mean time of an RPC by ${label}, in microseconds, by sdiag.`,
      byLabel(label, entries, (rpc) => rpc.averageMicroseconds),
    ),
    gauge(
      `${name}_total_time`,
      `Time of RPCs by ${label} since the counters began, in microseconds, by sdiag.`,
      byLabel(label, entries, (rpc) => rpc.totalMicroseconds),
    ),
  ]
}
