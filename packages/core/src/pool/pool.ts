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

/** What a pool remembers between ticks and restarts. */
export interface PoolMemory {
  pool: string
  lastScaleUpAt?: number
  lastScaleDownAt?: number
  /** Size asked for by an operator (`navarch pool scale`), until withdrawn. */
  manualSize?: number
  /** Machines that must not be used again (a faulty machine of a rack), by the provider's id. */
  quarantine: string[]
}

export interface PoolSize {
  min: number
  max: number
  wanted: number
  ready: number
  busy: number
  provisioning: number
}
