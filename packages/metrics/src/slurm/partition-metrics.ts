import type { JobRecord } from '@navarch/slurm/job-record'
import type { PartitionRecord } from '@navarch/slurm/partition-record'
import type { Metric, MetricSample } from '../exposition.ts'
import { addJob, type JobCounts, noJobs } from './job-counts.ts'
import { byLabel, entryOf, gauge } from './make-metrics.ts'
import { addCounts, addGpus, type CountedNode, type CpuCounts, nodeStates } from './node-counts.ts'

interface PartitionCounts {
  record: PartitionRecord
  nodes: readonly CountedNode[]
  cpus: CpuCounts
  gpus: CpuCounts | undefined
  jobs: JobCounts
}

/**
 * CPUs, GPUs, nodes and jobs of each partition. A node in two partitions counts in both, and so does a job that waits for
 * either; once it runs it is in one.
 */
export function partitionMetrics(
  partitions: readonly PartitionRecord[],
  nodes: readonly CountedNode[],
  jobs: readonly JobRecord[],
): Metric[] {
  const all = [...countPartitions(partitions, nodes, jobs)]
  const each = (name: string, help: string, value: (counts: PartitionCounts) => number | undefined) =>
    gauge(`slurm_partition_${name}`, help, byLabel('partition', all, value))
  return [
    each('cpus_allocated', 'CPUs of the partition that are allocated.', ({ cpus }) => cpus.alloc),
    each('cpus_idle', 'CPUs of the partition that are free.', ({ cpus }) => cpus.idle),
    each('cpus_other', 'CPUs of the partition that are not in use and cannot be used.', ({ cpus }) => cpus.other),
    each('cpus_total', 'CPUs of the partition.', ({ cpus }) => cpus.total),
    each('gpus_allocated', 'GPUs of the partition that are allocated.', ({ gpus }) => gpus?.alloc),
    each('gpus_idle', 'GPUs of the partition that are free.', ({ gpus }) => gpus?.idle),
    each('gpus_other', 'GPUs of the partition that are not in use and cannot be used.', ({ gpus }) => gpus?.other),
    each('gpus_total', 'GPUs of the partition.', (counts) =>
      counts.nodes.reduce((sum, node) => sum + node.record.gpus, 0),
    ),
    each('jobs_pending', 'Jobs that wait for the partition.', ({ jobs }) => jobs.pending),
    each('jobs_running', 'Jobs that run in the partition.', ({ jobs }) => jobs.running),
    each('jobs_suspended', 'Suspended jobs of the partition.', ({ jobs }) => jobs.suspended),
    each('cpus_pending', 'CPUs that jobs waiting for the partition ask for.', ({ jobs }) => jobs.pendingCpus),
    each('gpus_pending', 'GPUs that jobs waiting for the partition ask for.', ({ jobs }) => jobs.pendingGpus),
    each('up', '1 where the partition starts jobs (state UP).', ({ record }) => Number(record.state === 'UP')),
    gauge('slurm_partition_nodes', 'Nodes of the partition by state.', all.flatMap(stateSamples)),
    each('nodes_total', 'Nodes of the partition.', (counts) => counts.nodes.length),
  ]
}

function countPartitions(
  partitions: readonly PartitionRecord[],
  nodes: readonly CountedNode[],
  jobs: readonly JobRecord[],
): Map<string, PartitionCounts> {
  const members = new Map<string, CountedNode[]>()
  for (const node of nodes) for (const name of node.record.partitions) entryOf(members, name, () => []).push(node)
  const counts = new Map<string, JobCounts>()
  for (const job of jobs) for (const name of job.partitions) addJob(entryOf(counts, name, noJobs), job)
  return new Map(
    partitions.map((record) => {
      const own = members.get(record.name) ?? []
      const cpus = addCounts(own.map((node) => node.cpus))
      return [record.name, { record, nodes: own, cpus, gpus: addGpus(own), jobs: counts.get(record.name) ?? noJobs() }]
    }),
  )
}

function stateSamples([partition, { nodes }]: readonly [string, PartitionCounts]): MetricSample[] {
  return nodeStates.map((state) => ({
    labels: { partition, state },
    value: nodes.filter((node) => node.state === state).length,
  }))
}
