import type { SlurmDetails } from '@navarch/slurm/details'
import type { SlurmSnapshot } from '@navarch/slurm/snapshot'
import type { Metric } from '../exposition.ts'
import { checkFigures, checkMetrics } from './consistency.ts'
import { detailMetrics } from './detail-metrics.ts'
import { drainMetrics } from './drain-metrics.ts'
import { endMetrics, type JobEnds } from './job-ends.ts'
import type { Dropped } from './make-metrics.ts'
import { countedNodes } from './node-counts.ts'
import { clusterMetrics, gresMetrics, perNodeMetrics } from './node-metrics.ts'
import { costMetrics } from './own-cost.ts'
import { ownerMetrics } from './owner-metrics.ts'
import { partitionMetrics } from './partition-metrics.ts'
import { queueMetrics } from './queue-metrics.ts'
import { schedulerMetrics } from './scheduler-metrics.ts'

export interface SlurmMetricsInput {
  snapshot: SlurmSnapshot
  /** Ends of jobs up to this snapshot. */
  ends: JobEnds
  /** The look before, for what looks cost; absent: this is the first. */
  before?: Pick<SlurmSnapshot, 'diag' | 'costs'>
  details?: SlurmDetails
}

/** Everything that is told of one look at Slurm. */
export function slurmMetrics(input: SlurmMetricsInput): Metric[] {
  return [...slurmMetricGroups(input)].flat()
}

/** The same in groups, each of which takes some milliseconds for a big cluster. */
export function* slurmMetricGroups({ snapshot, ends, before, details }: SlurmMetricsInput): Generator<Metric[]> {
  const dropped: Dropped = new Map()
  const nodes = countedNodes(snapshot.nodes)
  const partitions = snapshot.partitions.map(({ name }) => name)
  yield []
  const made: Metric[] = []
  const groups: (() => Metric[])[] = [
    () => clusterMetrics(nodes, snapshot.nodes),
    () => gresMetrics(nodes),
    () => queueMetrics(snapshot, dropped),
    () => partitionMetrics(snapshot.partitions, nodes, snapshot.jobs),
    () => ownerMetrics(snapshot.jobs, dropped),
    () => endMetrics(ends, partitions, snapshot.takenAt),
    () => schedulerMetrics(snapshot.diag, dropped),
    () => detailMetrics(details),
    () => drainMetrics(nodes, snapshot.takenAt, dropped),
    ...perNodeMetrics(nodes).map((make) => () => [make()]),
  ]
  for (const group of groups) {
    const metrics = group()
    made.push(...metrics)
    yield metrics
  }
  yield checkMetrics(checkFigures(made, snapshot, dropped), dropped)
  yield costMetrics(before, snapshot)
  yield [
    {
      name: 'slurm_exporter_slurm_info',
      help: 'The version of Slurm.',
      type: 'gauge',
      samples: [{ labels: { version: snapshot.version.text }, value: 1 }],
    },
  ]
}
