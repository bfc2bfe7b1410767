/** How a pool's size follows demand. Thresholds are percentages of GPU utilisation. */
export type AutoscalerSpec =
  | { type: 'queue'; jobsPerNode: number }
  | { type: 'reactive'; scaleUpThreshold: number; scaleDownThreshold: number }
  | { type: 'slurm' }
  | { type: 'composite'; mode: 'max' | 'min' | 'avg'; autoscalers: AutoscalerSpec[] }
  /** Accepted in the configuration, not active yet. */
  | { type: 'scheduled' | 'predictive'; fallback?: AutoscalerSpec }

/**
 * What is done with a decision about a pool:
 * - `observe`: it is shown, and nothing is changed
 * - `recommend`: it becomes an operation that waits for a person's approval
 * - `act`: it is done
 */
export const poolModes = ['observe', 'recommend', 'act'] as const
export type PoolMode = (typeof poolModes)[number]

export interface HealthSpec {
  /** Consecutive bad reports before a non-fatal fault drains the node; at least 1. */
  unhealthyThreshold: number
  /** Whether a faulty node's machine is replaced; otherwise it is drained and left for a person. */
  autoReplace: boolean
}

export interface SshSpec {
  user: string
  /** Absent: the control plane's own default key or agent. */
  privateKeyPath?: string
  port: number
}

/** What is done to a machine after it answers SSH. */
export type BootstrapSpec =
  /** The product's own: agent, CLI, munge, slurmd. */
  | { kind: 'default' }
  /** The configuration's commands, in order, and nothing else. */
  | { kind: 'commands'; commands: string[] }
  /** The image has everything. */
  | { kind: 'none' }

export interface PoolSpec {
  name: string
  provider: string
  instanceType: string
  region: string
  zones: string[]
  sshKeys: string[]
  image?: string
  minNodes: number
  maxNodes: number
  /** Least time between two changes of the same direction, ms. */
  cooldownMs: number
  mode: PoolMode
  /** How long what a person rejected is not proposed again while its cause is the same, ms. */
  rejectCooldownMs: number
  /** Absent: the pool keeps `minNodes`. */
  autoscaler?: AutoscalerSpec
  health: HealthSpec
  labels: Record<string, string>
  ssh: SshSpec
  bootstrap: BootstrapSpec
  /** Keys that were accepted and do nothing yet, e.g. "autoscaling.schedule". */
  inactive: string[]
}
