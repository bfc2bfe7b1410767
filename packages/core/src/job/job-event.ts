/** How a process or a job ended. `signal` is 0 when none ended it; 125 with status 0 is Slurm's mark for no memory. */
export interface ExitStatus {
  status: number
  signal: number
}

/** A GPU that a job was given, as its node names it. */
export interface JobGpu {
  /** The driver's UUID, of the MIG instance where it is one; AMD's unique id. The one name that is safe. */
  uuid: string
  vendor: 'nvidia' | 'amd'
  /** The driver's index on the node. */
  index?: number
  model?: string
  memoryTotalBytes?: number
  /** UUID of the whole GPU that a MIG instance is a part of. */
  parentUuid?: string
}

/**
 * What is known of a job's identity. Job ids are used again: by a requeue (the same id with another `restart`) and by another
 * cluster. `jobId` never has the prefix `slurm-`.
 */
export interface JobRef {
  /** "default" where the sender named none. */
  cluster: string
  /** Slurm's job id, or any text of 1 to 255 characters that a client of the API chose. */
  jobId: string
  /** How often the job was requeued before this run; undefined where the sender cannot know. */
  restart?: number
  /** Slurm's own unique id of a run, from 25.11. */
  sluid?: string
}

/** Who made a change, for the audit. */
export interface Origin {
  /** e.g. "prolog", "agent gpu-001", "slurm", "alice". */
  changedBy: string
  /** e.g. "hook", "agent", "scheduler", "api", "syncer". */
  source: string
  correlationId: string
}

/** The task of an array that a job is, and the component of a heterogeneous job. */
export interface JobGroup {
  arrayJobId?: number
  /** The task's number; for pending tasks that Slurm keeps in one record, their list, e.g. "3-20". */
  arrayTask?: string
  hetJobId?: number
  hetOffset?: number
}

interface EventBase {
  job: JobRef
  /** When it happened, ms since the epoch, by the sender's clock. */
  at: number
  /** When we heard of it, ms since the epoch. */
  receivedAt: number
  origin: Origin
}

/** A node began to run its part of a job; without `node`, the job as a whole. */
export interface JobStarted extends EventBase {
  kind: 'started'
  node?: string
  user: string
  /** All nodes of the job, expanded, in Slurm's order; empty where the sender does not know. */
  nodes: readonly string[]
  name?: string
  account?: string
  partition?: string
  qos?: string
  workDir?: string
  group?: JobGroup
  /** CPUs, MiB and GPUs: of the node's part when `node` is set. */
  cpus?: number
  memoryMb?: number
  gpuCount?: number
  gpuVendor?: 'none' | 'nvidia' | 'amd' | 'mixed'
  /** Names as the sender knows them: UUIDs, "card0". */
  gpuDevices?: readonly string[]
  gpus?: readonly JobGpu[]
  cgroupPath?: string
}

/** A node ended its part of a job; without `node`, the job as a whole. */
export interface JobFinished extends EventBase {
  kind: 'finished'
  node?: string
  /** All nodes of the job, where the sender knows them: an end may come without any start. */
  nodes?: readonly string[]
  /** Undefined: the sender does not know. */
  exit?: ExitStatus
  /** What the sender calls the state. Kept for the audit, believed by nobody. */
  claimedState?: string
  /** What the node's part used in all. */
  usage?: import('./node-usage.ts').NodeUsage
}

/** Slurm's own record of a job, as of `at`. */
export interface JobRecorded extends EventBase {
  kind: 'recorded'
  record: SlurmJobFacts
}

/** A client of the API made a job by hand. */
export interface JobCreated extends EventBase {
  kind: 'created'
  user: string
  nodes: readonly string[]
  facts?: Partial<SlurmJobFacts>
  schedulerType?: 'mock' | 'slurm'
  extra?: Readonly<Record<string, unknown>>
}

/** A client of the API changed a job by hand. */
export interface JobChanged extends EventBase {
  kind: 'changed'
  change: JobChange
}

export interface JobChange {
  state?: JobState
  /** Percent of the allocated CPUs, 0 to 100. */
  cpuUsage?: number
  memoryUsageMb?: number
  gpuUsage?: number
}

/** A client of the API removed a job. Its audit stays. */
export interface JobDeleted extends EventBase {
  kind: 'deleted'
}

export type JobEvent = JobStarted | JobFinished | JobRecorded | JobCreated | JobChanged | JobDeleted

/** The states of the API. The last three are final: what reaches one stays in it. */
export const jobStates = ['pending', 'running', 'completed', 'failed', 'cancelled'] as const
export type JobState = (typeof jobStates)[number]

/** What Slurm's controller or accounting says of one run of a job. Times are ms since the epoch; absent is not known. */
export interface SlurmJobFacts {
  /** Slurm's own word, e.g. "RUNNING", "OUT_OF_MEMORY"; see `JobState` of the slurm package. */
  state: string
  /** e.g. "Resources", "NonZeroExitCode", "TimeLimit". */
  reason?: string
  from: 'squeue' | 'scontrol' | 'sacct' | 'slurmrestd'
  exit?: ExitStatus
  user?: string
  name?: string
  account?: string
  partition?: string
  qos?: string
  group?: JobGroup
  /** Allocated nodes, as a hostlist. */
  nodes?: string
  submitTime?: number
  eligibleTime?: number
  /** What it waits for, e.g. "afterok:811(unfulfilled)". */
  dependency?: string
  startTime?: number
  endTime?: number
  /** Minutes; undefined: none, or not known. */
  timeLimitMinutes?: number
  priority?: number
  requested?: JobResources
  allocated?: JobResources
  /** What accounting measured; there when the record is sacct's. */
  accounted?: { cpuSeconds?: number; maxRssBytes?: number }
  /** A user's name, or id where nothing else is known: accounting says "CANCELLED by 1000". */
  cancelledBy?: string
  workDir?: string
  stdout?: string
}

export interface JobResources {
  cpus?: number
  memoryMb?: number
  gpus?: number
  nodes?: number
}
