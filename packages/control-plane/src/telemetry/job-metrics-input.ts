import type { JobState } from '@navarch/core/job/job-event'
import type { NodeUsage } from '@navarch/core/job/node-usage'
import type { JobView } from '@navarch/core/job/view-job'
import type { FleetNode, GpuSample } from '@navarch/core/node/node'
import type { NodeRecord } from '@navarch/slurm/node-record'

/** All that the metrics of jobs are made of. What is not known is absent. */
export interface JobMetricsInput {
  /** ms since the epoch. */
  now: number
  /** Runs that are running or ended lately; others are passed over. */
  jobs: readonly JobOfMetrics[]
  nodes: readonly NodeOfMetrics[]
  countByState: Readonly<Record<JobState, number>>
  totalRuns: number
}

export interface JobOfMetrics {
  view: JobView
  /** By node, what its agent told last of the job while it runs. */
  live: ReadonlyMap<string, LiveNodeUsage>
}

export interface LiveNodeUsage {
  usage: NodeUsage
  /** When we heard it, ms. */
  heardAt: number
  /** CPUs in use between the last two readings. */
  cpusInUse?: number
}

export interface NodeOfMetrics {
  node: string
  /** Slurm's word in lower case, e.g. "idle" or "mixed+drain". */
  state?: string
  cpus?: number
  cpuLoad?: number
  cpuPercent?: number
  memoryTotalBytes?: number
  memoryUsedBytes?: number
  gpus: readonly GpuSample[]
}

/**
 * Nodes as the metrics want them, of what the agents and Slurm say.
 * @param freshSince readings that are older do not count, ms
 */
export function nodesOfMetrics(
  fleet: Iterable<FleetNode>,
  slurm: readonly NodeRecord[],
  freshSince: number,
): NodeOfMetrics[] {
  const agents = new Map([...fleet].map((node) => [node.id, node]))
  const records = new Map(slurm.map((record) => [record.name, record]))
  return [...new Set([...agents.keys(), ...records.keys()])].map((node) => {
    const agent = agents.get(node)
    const record = records.get(node)
    const fresh = agent?.sampledAt !== undefined && agent.sampledAt >= freshSince
    const beats = agent?.lastHeartbeat !== undefined && agent.lastHeartbeat >= freshSince
    const load = beats ? agent.load : undefined
    const memoryTotalBytes = record && record.memoryMb * mib
    const memoryPercent = load?.memoryPercent
    return {
      node,
      ...(record && { state: [record.state.base, ...record.state.flags].join('+').toLowerCase(), cpus: record.cpus }),
      ...(record?.cpuLoad !== undefined && { cpuLoad: record.cpuLoad }),
      ...(load?.cpuPercent !== undefined && { cpuPercent: load.cpuPercent }),
      ...(memoryTotalBytes !== undefined && { memoryTotalBytes }),
      ...(memoryTotalBytes !== undefined &&
        memoryPercent !== undefined && { memoryUsedBytes: Math.round((memoryTotalBytes * memoryPercent) / 100) }),
      gpus: fresh ? agent.samples : [],
    }
  })
}

const mib = 1024 * 1024
