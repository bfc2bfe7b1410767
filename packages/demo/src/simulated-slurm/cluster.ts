/** What every node of a simulated cluster offers: an 8-way H100 server. */
export const nodeShape = {
  sockets: 2,
  coresPerSocket: 64,
  cpus: 128,
  memoryMb: 2_000_000,
  gpuType: 'h100',
  gpus: 8,
} as const

/** A name of slurm.conf, and the host under it if there is one. */
export interface SimulatedNode {
  readonly name: string
  readonly partition: string
  /** `FUTURE`: no host has claimed the name; `UP`: idle, mixed or allocated, by the jobs on it. */
  base: 'FUTURE' | 'UP' | 'DOWN'
  drain: boolean
  /** Whether a slurmd runs on a host of this name. */
  hostUp: boolean
  /** The name itself until slurmctld is told where the host is. */
  address: string
  hostname: string
  reason?: { text: string; at: number }
  bootedAt?: number
  lastBusyAt?: number
}

/** A batch job that takes some GPUs on each of its nodes. Times are ms since the epoch. */
export interface SimulatedJob {
  readonly id: number
  readonly name: string
  readonly user: string
  readonly partition: string
  readonly nodeCount: number
  readonly gpusPerNode: number
  readonly priority: number
  readonly submittedAt: number
  /** How long it runs, ms. */
  readonly durationMs: number
  readonly timeLimitMs: number
  /** Why it waits; "None" once it runs. */
  reason: 'None' | 'Resources' | 'Priority'
  /** Empty while it waits. */
  nodes: readonly string[]
  startedAt?: number
  restarts: number
}

/** A whole cluster. Only the functions of this folder change it. */
export interface SimulatedCluster {
  readonly name: string
  readonly startedAt: number
  readonly partitions: readonly string[]
  readonly nodes: ReadonlyMap<string, SimulatedNode>
  /** Jobs that are not over, by id. */
  readonly jobs: Map<number, SimulatedJob>
  /** Jobs that are over and not forgotten yet, the oldest first. */
  ended: readonly SimulatedJob[]
  readonly counts: { submitted: number; started: number; completed: number }
}

export interface PartitionPlan {
  name: string
  /** Names that slurm.conf has: `<partition>-001` and so on, all FUTURE. */
  names: number
}

/** A cluster whose names wait for hosts. */
export function createCluster(plans: readonly PartitionPlan[], now: number): SimulatedCluster {
  const nodes = plans.flatMap(({ name: partition, names }) =>
    Array.from({ length: names }, (_, index): SimulatedNode => {
      const name = `${partition}-${String(index + 1).padStart(3, '0')}`
      return { name, partition, base: 'FUTURE', drain: false, hostUp: false, address: name, hostname: name }
    }),
  )
  return {
    name: 'demo',
    startedAt: now,
    partitions: plans.map((plan) => plan.name),
    nodes: new Map(nodes.map((node) => [node.name, node])),
    jobs: new Map(),
    ended: [],
    counts: { submitted: 0, started: 0, completed: 0 },
  }
}

export interface JobRequest {
  name: string
  user: string
  partition: string
  nodeCount: number
  gpusPerNode: number
  durationMs: number
  priority?: number
}

/** Queues a job. @returns its id */
export function submitJob(cluster: SimulatedCluster, request: JobRequest, now: number): number {
  const id = ++cluster.counts.submitted + 100
  cluster.jobs.set(id, {
    ...request,
    id,
    priority: request.priority ?? 1000,
    submittedAt: now,
    timeLimitMs: 2 * Math.ceil(request.durationMs / 60_000) * 60_000,
    reason: 'None',
    nodes: [],
    restarts: 0,
  })
  return id
}

/** CPUs that come with each GPU of a job. */
export const cpusPerGpu = nodeShape.cpus / nodeShape.gpus
/** Memory that comes with each GPU of a job, MiB. */
export const memoryMbPerGpu = nodeShape.memoryMb / nodeShape.gpus

/** Jobs that run on the node. */
export function jobsOn(cluster: SimulatedCluster, node: string): SimulatedJob[] {
  return [...cluster.jobs.values()].filter((job) => job.nodes.includes(node))
}

/** GPUs of the node that jobs hold. */
export function gpusInUse(cluster: SimulatedCluster, node: string): number {
  return jobsOn(cluster, node).reduce((sum, job) => sum + job.gpusPerNode, 0)
}

/** Whether slurmctld would start a job there, if there is room. */
export function isSchedulable(node: SimulatedNode): boolean {
  return node.base === 'UP' && node.hostUp && !node.drain
}
