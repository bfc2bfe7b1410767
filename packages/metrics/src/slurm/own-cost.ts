import type { DiagRecord } from '@navarch/slurm/diag-record'
import type { SlurmSnapshot } from '@navarch/slurm/snapshot'
import { sumCosts } from '@navarch/slurm/sum-costs'
import type { Metric } from '../exposition.ts'
import { gauge, single } from './make-metrics.ts'

/** RPCs that each command of a look sends: seen in sdiag after running it alone, 22.05.8. Those of slurmrestd are alike. */
const rpcsOf: Readonly<Record<string, readonly string[]>> = {
  squeue: ['REQUEST_JOB_INFO', 'REQUEST_PARTITION_INFO'],
  'scontrol show nodes': ['REQUEST_NODE_INFO', 'REQUEST_PARTITION_INFO'],
  'scontrol show partitions': ['REQUEST_PARTITION_INFO'],
  sdiag: ['REQUEST_STATS_INFO'],
  'GET jobs': ['REQUEST_JOB_INFO'],
  'GET nodes': ['REQUEST_NODE_INFO', 'REQUEST_PARTITION_INFO'],
  'GET partitions': ['REQUEST_PARTITION_INFO'],
  'GET diag': ['REQUEST_STATS_INFO'],
}

/** What a look takes of slurmctld: an estimate from what RPCs of the same types took since the look before. */
export interface RpcShare {
  /** Time of slurmctld's threads for one look's RPCs, seconds. */
  seconds: number
  /** Share of the time of all RPCs since the look before, 0 to 1; undefined where there were none. */
  share?: number
}

type Looked = Pick<SlurmSnapshot, 'diag' | 'costs'>

/** @returns undefined where a look has no sdiag, or the counters were reset between the two */
export function rpcShare(before: Looked | undefined, now: Looked): RpcShare | undefined {
  if (!before?.diag || !now.diag || before.diag.since !== now.diag.since) return undefined
  const earlier = new Map(before.diag.rpcByType.map((rpc) => [rpc.name, rpc]))
  const ours = new Map<string, number>()
  for (const { command } of now.costs)
    for (const name of rpcsOf[command] ?? []) ours.set(name, (ours.get(name) ?? 0) + 1)
  let all = 0
  let own = 0
  for (const { name, count, totalMicroseconds } of now.diag.rpcByType) {
    const calls = count - (earlier.get(name)?.count ?? 0)
    const time = totalMicroseconds - (earlier.get(name)?.totalMicroseconds ?? 0)
    if (calls <= 0 || time < 0) continue
    all += time
    own += (time / calls) * Math.min(ours.get(name) ?? 0, calls)
  }
  return all > 0 ? { seconds: own / 1e6, share: own / all } : { seconds: 0 }
}

/** What the newest look cost. */
export function costMetrics(before: Looked | undefined, now: SlurmSnapshot): Metric[] {
  const rpc = rpcShare(before, now)
  const kinds = ['node', 'job', 'partition', 'diag'] as const
  return [
    single('slurm_exporter_look_duration_seconds', 'How long the look at Slurm took.', now.tookMs / 1000),
    gauge(
      'slurm_exporter_command_duration_seconds',
      'What each command of the look took; they run at the same time.',
      commandSamples(now, ({ tookMs }) => tookMs / 1000),
    ),
    gauge(
      'slurm_exporter_command_output_bytes',
      'What each command of the look printed.',
      commandSamples(now, ({ bytes }) => bytes),
    ),
    single(
      'slurm_exporter_rpc_seconds',
      "Time of slurmctld's threads for one look, estimated from sdiag.",
      rpc?.seconds,
    ),
    single(
      'slurm_exporter_rpc_time_ratio',
      "Share of the time of all RPCs to slurmctld that this exporter's looks take, 0 to 1, estimated from sdiag.",
      rpc?.share,
    ),
    gauge(
      'slurm_exporter_unreadable_records',
      'Records of the look that could not be read and are missing in all counts.',
      kinds.map((kind) => ({
        labels: { kind },
        value: now.problems.filter((problem) => problem.kind === kind).length,
      })),
    ),
  ]
}

function commandSamples(
  { costs }: Pick<SlurmSnapshot, 'costs'>,
  read: (cost: { tookMs: number; bytes: number }) => number,
) {
  return [...sumCosts(costs)].map(([command, cost]) => ({ labels: { command }, value: read(cost) }))
}

/** Only what `rpcShare` needs to be kept of a look. */
export function keptForCost({ diag, costs }: Looked): Looked {
  const kept: { diag?: DiagRecord; costs: SlurmSnapshot['costs'] } = { costs }
  if (diag) kept.diag = diag
  return kept
}
