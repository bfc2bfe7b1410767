import type { SlurmVersion } from './capabilities.ts'
import type { DiagRecord } from './diag-record.ts'
import type { JobRecord } from './job-record.ts'
import type { NodeRecord } from './node-record.ts'
import type { PartitionRecord } from './partition-record.ts'

/** What one command of a snapshot took. */
export interface CommandCost {
  /** e.g. "squeue" */
  command: string
  tookMs: number
  bytes: number
}

/** A record that was left out because it could not be read: shown, counted, never taken for absent. */
export interface SnapshotProblem {
  /** e.g. "job", "node" */
  kind: 'node' | 'job' | 'partition' | 'diag'
  message: string
}

/** One look at a cluster. Everything that asks about Slurm reads the same one. */
export interface SlurmSnapshot {
  /** When the look began, ms since the epoch: everything in it is at least this new. */
  takenAt: number
  tookMs: number
  version: SlurmVersion
  /** Includes FUTURE names. 22.05 hides powered-down CLOUD names here, but not in the partitions' `nodes`. */
  nodes: readonly NodeRecord[]
  /** Jobs that wait, run or complete. Arrays are not expanded: a record stands for `array.count` pending tasks. */
  jobs: readonly JobRecord[]
  /** Jobs that are over and that slurmctld still remembers: for MinJobAge, 300 s by default. None of them is in `jobs`. */
  finished: readonly JobRecord[]
  /** Includes hidden partitions. */
  partitions: readonly PartitionRecord[]
  /** Undefined when sdiag failed, which fails nothing else. */
  diag?: DiagRecord
  costs: readonly CommandCost[]
  problems: readonly SnapshotProblem[]
}
