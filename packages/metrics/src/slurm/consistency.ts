import { capabilitiesOf } from '@navarch/slurm/capabilities'
import { isFuture } from '@navarch/slurm/node-state'
import type { SlurmSnapshot } from '@navarch/slurm/snapshot'
import type { Metric } from '../exposition.ts'
import { jobsIn } from './job-counts.ts'
import { type Dropped, gauge, single } from './make-metrics.ts'
import { nodeStates } from './node-counts.ts'

/** One thing that must hold between figures that are served. */
export interface Check {
  name: string
  holds: boolean
}

/**
 * Holds the figures that are about to be served against each other and against Slurm's own sums.
 * @param dropped what a limit has left out, where no sum can hold
 */
export function checkFigures(
  metrics: readonly Metric[],
  snapshot: Pick<SlurmSnapshot, 'version' | 'nodes' | 'jobs' | 'finished' | 'partitions' | 'problems'>,
  dropped: Dropped,
): Check[] {
  const byName = new Map(metrics.map((metric) => [metric.name, metric]))
  const sum = (name: string, labels: Readonly<Record<string, string>> = {}) => {
    const samples = byName.get(name)?.samples ?? []
    const wanted = Object.entries(labels)
    const fitting = samples.filter((sample) => wanted.every(([label, value]) => sample.labels?.[label] === value))
    return fitting.reduce((total, { value }) => total + value, 0)
  }
  const parts = (prefix: string, names: readonly string[]) =>
    names.reduce((total, name) => total + sum(`${prefix}_${name}`), 0)
  const has = (name: string) => (byName.get(name)?.samples.length ?? 0) > 0
  const three = ['alloc', 'idle', 'other']
  const records = [...snapshot.jobs, ...snapshot.finished]
  return [
    { name: 'records', holds: snapshot.problems.length === 0 },
    { name: 'nodes', holds: parts('slurm_nodes', nodeStates) === sum('slurm_nodes_total') },
    {
      name: 'nodes_listed',
      holds:
        sum('slurm_nodes_total') + sum('slurm_nodes_future') === new Set(snapshot.nodes.map(({ name }) => name)).size,
    },
    { name: 'cpus', holds: parts('slurm_cpus', three) === sum('slurm_cpus_total') },
    { name: 'node_cpus', holds: sum('slurm_node_cpu_total') === sum('slurm_cpus_total') },
    { name: 'gpus', holds: !has('slurm_gpus_alloc') || parts('slurm_gpus', three) === sum('slurm_gpus_total') },
    {
      name: 'gres',
      holds:
        sum('slurm_gres_total') === sum('slurm_node_gres_total') &&
        sum('slurm_gres_total', { gres: 'gpu' }) === sum('slurm_gpus_total'),
    },
    { name: 'none_negative', holds: metrics.every(({ samples }) => samples.every(({ value }) => !(value < 0))) },
    {
      name: 'queue',
      holds: sum('slurm_queue_jobs') === records.reduce((total, job) => total + jobsIn(job), 0),
    },
    {
      name: 'pending_reasons',
      holds: dropped.has('pending_reasons') || sum('slurm_queue_pending_reason') === sum('slurm_queue_pending'),
    },
    ...(['user', 'account'] as const).map((kind) => ({
      name: `${kind}s`,
      holds:
        dropped.has(`${kind}s`) ||
        (['pending', 'running'] as const).every(
          (state) => sum(`slurm_${kind}_jobs_${state}`) === sum(`slurm_queue_${state}`),
        ),
    })),
    {
      name: 'partitions',
      holds: partitionsAgree(snapshot, (partition) => sum('slurm_partition_cpus_total', { partition })),
    },
  ]
}

/** Slurm's own number of CPUs of each partition, FUTURE names counted, which are none of ours. */
function partitionsAgree(
  { version, nodes, partitions }: Pick<SlurmSnapshot, 'version' | 'nodes' | 'partitions'>,
  cpusOf: (partition: string) => number,
): boolean {
  // Older releases count powered-down CLOUD names, and hide them.
  if (!capabilitiesOf(version).listsPoweredDownNodes) return true
  const future = new Map<string, number>()
  for (const node of nodes.filter(({ state }) => isFuture(state)))
    for (const name of node.partitions) future.set(name, (future.get(name) ?? 0) + node.cpus)
  return partitions.every(({ name, totalCpus }) => cpusOf(name) + (future.get(name) ?? 0) === totalCpus)
}

/** The checks as metrics. */
export function checkMetrics(checks: readonly Check[], dropped: Dropped): Metric[] {
  return [
    single(
      'slurm_exporter_consistent',
      '1 where all figures agree with each other and with the sums of Slurm; slurm_exporter_check_failed says which do not.',
      Number(checks.every(({ holds }) => holds)),
    ),
    gauge(
      'slurm_exporter_check_failed',
      '1 for a check of the figures that failed.',
      checks.map(({ name, holds }) => ({ labels: { check: name }, value: Number(!holds) })),
    ),
    gauge(
      'slurm_exporter_dropped_series',
      'Users, reasons and the like that a limit left out.',
      [...dropped].map(([group, value]) => ({ labels: { group }, value })),
    ),
  ]
}
