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

/** How a job uses what it has. */
export type LoadKind = 'training' | 'inference' | 'interactive' | 'sweep' | 'idle' | 'leaking'

/** How a job ends, in Slurm's words. */
export type Outcome = 'COMPLETED' | 'FAILED' | 'TIMEOUT' | 'OUT_OF_MEMORY' | 'CANCELLED'

/** Why a job waits for something else than nodes. */
export interface Waiting {
  /** In Slurm's words, e.g. "JobHeldUser". */
  reason: string
  /** As squeue prints it, e.g. "afterok:811(unfulfilled)". */
  dependency?: string
  /** When it may start at the earliest, ms since the epoch. */
  eligibleAt?: number
}

/** Tasks of an array, from the first to the last. */
export interface ArrayTasks {
  first: number
  last: number
  /** How many may run at once. */
  most: number
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
  readonly account: string
  readonly qos: string
  readonly load: LoadKind
  readonly outcome: Outcome
  /** It never starts. */
  readonly waiting?: Waiting
  /** The one node that it asks for. */
  readonly node?: string
  /** It has run since then, from before the simulation: once it has its place. */
  readonly since?: number
  /** Which tasks of which array it is: those that wait are one job under the array's id, one that runs has its own. */
  array?: ArrayTasks & { jobId: number }
  /** Why it waits; "None" once it runs. */
  reason: string
  /** Empty while it waits. */
  nodes: readonly string[]
  /** GPUs that it has, by node. */
  devices: Readonly<Record<string, readonly number[]>>
  startedAt?: number
  /** When backfill expects it to start; absent where it did not plan it. */
  expectedAt?: number
  restarts: number
}

/** A whole cluster. Only the functions of this folder change it. */
export interface SimulatedCluster {
  readonly name: string
  /** Hears of jobs that start and end on their nodes. */
  onJob?: (what: 'start' | 'end', job: SimulatedJob, at: number) => void
  readonly startedAt: number
  readonly partitions: readonly string[]
  readonly nodes: ReadonlyMap<string, SimulatedNode>
  /** Jobs that are not over, by id. */
  readonly jobs: Map<number, SimulatedJob>
  /** Jobs that are over and not forgotten yet, the oldest first. */
  ended: readonly SimulatedJob[]
  readonly counts: { submitted: number; started: number; completed: number }
  /** Ids begin after this one. */
  readonly jobsBefore: number
}

export interface PartitionPlan {
  name: string
  /** Names that slurm.conf has: `<partition>-001` and so on, all FUTURE. */
  names: number
}

/** A cluster whose names wait for hosts. @param jobsBefore ids begin after this one */
export function createCluster(plans: readonly PartitionPlan[], now: number, jobsBefore = 100): SimulatedCluster {
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
    jobsBefore,
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
  account?: string
  qos?: string
  load?: LoadKind
  outcome?: Outcome
  waiting?: Waiting
  node?: string
  since?: number
  array?: ArrayTasks
  timeLimitMs?: number
}

/** Queues a job. @returns its id */
export function submitJob(cluster: SimulatedCluster, request: JobRequest, now: number): number {
  const id = ++cluster.counts.submitted + cluster.jobsBefore
  const { array, ...job } = request
  cluster.jobs.set(id, {
    ...job,
    id,
    ...(array && { array: { ...array, jobId: id } }),
    priority: request.priority ?? 1000,
    submittedAt: request.since ?? now,
    timeLimitMs: request.timeLimitMs ?? 2 * Math.ceil(request.durationMs / 60_000) * 60_000,
    account: request.account ?? 'research',
    qos: request.qos ?? 'normal',
    load: request.load ?? 'training',
    outcome: request.outcome ?? 'COMPLETED',
    reason: request.waiting?.reason ?? 'None',
    nodes: [],
    devices: {},
    restarts: 0,
  })
  return id
}

/** Makes a job of its own of an array's first task that waits, as slurmctld does when the task may start. */
export function splitTask(cluster: SimulatedCluster, job: SimulatedJob, array: ArrayTasks & { jobId: number }) {
  const id = ++cluster.counts.submitted + cluster.jobsBefore
  const task: SimulatedJob = { ...job, id, array: { ...array, last: array.first } }
  cluster.jobs.set(id, task)
  job.array = { ...array, first: array.first + 1 }
  return task
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

/** The GPUs of the node that jobs hold, in order. */
export function devicesInUse(cluster: SimulatedCluster, node: string): number[] {
  return jobsOn(cluster, node)
    .flatMap((job) => job.devices[node] ?? [])
    .sort((a, b) => a - b)
}

/** Whether slurmctld would start a job there, if there is room. */
export function isSchedulable(node: SimulatedNode): boolean {
  return node.base === 'UP' && node.hostUp && !node.drain
}
