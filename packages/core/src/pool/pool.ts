import type { OperationKind } from '../operation/operation.ts'

/** A statement about a pool that an operator should know, in Kubernetes' form. */
export interface PoolCondition {
  /** e.g. "ProviderReady", "SlurmReady", "NamesLeft", "Held", "Inactive". */
  type: string
  /** `unknown` until first observed. */
  status: 'true' | 'false' | 'unknown'
  /** CamelCase word for programs. */
  reason: string
  /** A sentence for people, with the remedy where there is one. */
  message: string
  /** When `status` last changed, ms. */
  since: number
}

/** What a person did not want, and for how long that holds while its cause is the same. */
export interface Rejection {
  kind: OperationKind
  /** Of a new node: the name that it would have had. */
  node: string
  /** The reason that the operation had. */
  cause: string
  by: string
  at: number
  until: number
}

/** What a pool remembers between ticks and restarts. */
export interface PoolMemory {
  pool: string
  lastScaleUpAt?: number
  lastScaleDownAt?: number
  /** Size asked for by an operator (`navarch pool scale`), until withdrawn. */
  manualSize?: number
  /** Machines that must not be used again (a faulty machine of a rack), by the provider's id. */
  quarantine: string[]
  /** What was rejected, where anything was. */
  rejections?: Rejection[]
}

export interface PoolSize {
  min: number
  max: number
  wanted: number
  ready: number
  busy: number
  provisioning: number
}
