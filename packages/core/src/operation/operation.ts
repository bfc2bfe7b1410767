export const operationKinds = ['provision', 'replace', 'scale-down', 'cordon', 'drain', 'uncordon'] as const
export type OperationKind = (typeof operationKinds)[number]

/** Steps of each kind, in order. A step is idempotent, has a deadline, and is recorded before and after. */
export const operationSteps = {
  provision: ['provision', 'bootstrap', 'register', 'verify', 'return'],
  replace: ['drain', 'wait', 'remove', 'provision', 'bootstrap', 'register', 'verify', 'return'],
  'scale-down': ['drain', 'wait', 'remove'],
  cordon: ['drain'],
  drain: ['drain', 'wait'],
  uncordon: ['return'],
} as const satisfies Record<OperationKind, readonly StepName[]>

export type StepName = 'drain' | 'wait' | 'remove' | 'provision' | 'bootstrap' | 'register' | 'verify' | 'return'

/**
 * - `waiting_for_approval`: proposed, and nothing is done before a person approves it
 * - `running`: its step is being worked on
 * - `waiting`: its step waits for something outside (jobs to end, a machine to boot, a retry)
 * - `succeeded`, `cancelled`: over
 * - `failed`: over, and a person may `retry` it
 */
export type OperationState = 'waiting_for_approval' | 'running' | 'waiting' | 'succeeded' | 'failed' | 'cancelled'

export interface OperationStep {
  name: StepName
  state: 'pending' | 'running' | 'succeeded' | 'failed' | 'skipped'
  startedAt?: number
  finishedAt?: number
  /** Tries so far; 1 during the first. */
  attempts: number
  /** What it waits for, or what went wrong last. */
  message: string
}

/** Facts that steps leave for the steps after them. All are written before the act that makes them true in the world. */
export interface OperationFacts {
  /** Names this launch to the provider: the same token never makes a second machine. */
  token?: string
  /** The machine that was made. */
  machineId?: string
  address?: string
  /** The machine that is being removed. */
  oldMachineId?: string
  oldToken?: string
  /** Times that the machine's bootstrap was begun. */
  bootstrapRuns?: number
  /** How the node's name exists in Slurm. */
  slurmName?: SlurmNaming
  /** Whether the drain in Slurm is ours (a person's drain stays). */
  drainOwned?: boolean
  /** When the jobs were first seen gone; two looks are needed. */
  idleSince?: number
  /** Machines made and given up by this operation so far. */
  rounds?: number
  /** Set while the machine of this launch is being taken back, with what comes after. */
  rollback?: { message: string; end: 'fail' | 'cancel' | 'again' }
}

/**
 * How a host becomes a Slurm node:
 * - `future`: a FUTURE name of slurm.conf, registered drained and resumed when verified
 * - `cloud`: a CLOUD name of slurm.conf
 * - `static`: a plain name of slurm.conf that is down
 * - `dynamic`: slurmd -Z where MaxNodeCount allows it
 * - `none`: no Slurm here
 */
export type SlurmNaming = 'future' | 'cloud' | 'static' | 'dynamic' | 'none'

/** What people said of a proposal. */
export interface Approval {
  /** `withdrawn`: its cause is gone, so nobody needs to decide. */
  state: 'waiting' | 'approved' | 'rejected' | 'withdrawn'
  /** Who decided; absent while nobody has. */
  by?: string
  /** When it came to this state, ms. */
  at: number
  /** Why it was rejected or withdrawn. */
  reason?: string
}

export interface Operation {
  id: string
  kind: OperationKind
  pool: string
  node: string
  state: OperationState
  /** The current step, or the last one when the operation is over. */
  step: StepName
  steps: OperationStep[]
  /** Why it was started, e.g. "XID 79: GPU has fallen off the bus". */
  reason: string
  /** Who started it: "health", "autoscaler", "operator". */
  initiator: string
  facts: OperationFacts
  /** Absent: it never needed one. */
  approval?: Approval
  /** Set when someone asked to cancel; the engine stops at the next safe point. */
  cancelRequested: boolean
  /** Not looked at before this time, ms. */
  notBefore: number
  createdAt: number
  updatedAt: number
}
