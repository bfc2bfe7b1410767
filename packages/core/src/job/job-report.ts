import type { Finding } from '../health/finding.ts'
import type { NodeUsage } from './node-usage.ts'
import type { JobView } from './view-job.ts'

/** All that is known around one run of a job. What is left out is not known. */
export interface ReportInput {
  view: JobView
  /** By node: what its agents counted so far. What the run's end brought is in the view; of two for a node the fuller one counts. */
  usage: Readonly<Record<string, NodeUsage>>
  /** Findings on the run's nodes; those that cannot concern it are passed over. */
  findings: readonly Finding[]
  /** What Slurm says of the run's nodes, as they were around its end. */
  nodeStates: readonly NodeStateSeen[]
  /** Runs of the same job before this one, newest first. */
  earlierRuns: readonly JobView[]
  /** ms since the epoch. */
  now: number
}

export interface NodeStateSeen {
  node: string
  /** Slurm's word, e.g. "DOWN", "DOWN*", "IDLE+DRAIN". */
  state: string
  reason?: string
  /** Since when, ms. */
  at?: number
}

export const causes = ['none', 'code', 'hardware', 'limit', 'cancelled', 'scheduler', 'unknown'] as const
export type Cause = (typeof causes)[number]

/** From the weakest. See verdict.ts and suspects.ts for the rules. */
export const confidences = ['possible', 'likely', 'certain'] as const
export type Confidence = (typeof confidences)[number]

export interface Verdict {
  cause: Cause
  /** One sentence for the user. */
  sentence: string
  confidence: Confidence
  /** What it rests on, oldest first; what has no time comes last. */
  evidence: readonly Evidence[]
}

export interface Evidence {
  /** ms since the epoch. */
  at?: number
  node?: string
  gpuUuid?: string
  /** e.g. "kernel-log", "slurm", "cgroup-v2", "epilog". */
  source: string
  text: string
}

/** How well a run used what it had. Percentages are of what was allocated, 0 to 100 and more where more was used. */
export interface Efficiency {
  cpu?: number
  memory?: number
  gpu?: number
  gpuMemory?: number
  cpuSeconds?: number
  cpuSecondsAllocated?: number
  memoryMaxBytes?: number
  memoryAllocatedBytes?: number
  gpuHours?: number
  /** GPU hours at 0 %: of GPUs that never worked, and at the end of the others. */
  gpuIdleHours?: number
  energyJoules?: number
  walltimeSeconds?: number
  timeLimitSeconds?: number
}

export interface NodeReport {
  node: string
  /** A source of `usageSources`; "none": nobody could measure. */
  source: NodeUsage['source']
  cpus?: number
  cpuPercent?: number
  cpuSeconds?: number
  memoryMaxBytes?: number
  memoryLimitBytes?: number
  oomKills?: number
  ioStallPercent?: number
  memoryStallPercent?: number
  exitCode?: number
  signal?: number
  gpus: readonly GpuReport[]
}

export interface GpuReport {
  uuid: string
  vendor: 'nvidia' | 'amd'
  index?: number
  model?: string
  utilizationMean?: number
  utilizationMax?: number
  memoryMaxBytes?: number
  memoryTotalBytes?: number
  powerWattsMean?: number
  temperatureMax?: number
  throttledSeconds?: number
  energyJoules?: number
  idleSeconds?: number
}

export interface Note {
  severity: 'info' | 'warning'
  /** A sentence. */
  text: string
  /** The option of sbatch to change, e.g. "--mem=12G". */
  flag?: string
}

export interface JobReport {
  verdict: Verdict
  efficiency: Efficiency
  nodes: readonly NodeReport[]
  notes: readonly Note[]
}
