import type { PoolSpec } from '@navarch/core/pool/pool-spec'
import type { Provider } from '@navarch/providers/provider'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'
import type { Fleet } from '../fleet/fleet.ts'
import type { SlurmLink } from '../slurm/slurm-link.ts'
import type { Bootstrapper } from './bootstrapper.ts'
import type { ProviderGate } from './provider-gate.ts'

/** What the steps of operations work with. */
export interface OperationDeps {
  fleet: Fleet
  /** Undefined where there is no Slurm. */
  slurm: SlurmLink | undefined
  /** By the provider's name in the configuration. */
  provider(name: string): Provider | undefined
  /** By the pool's name; undefined for a pool that the configuration no longer has. */
  pool(name: string): PoolSpec | undefined
  gate: ProviderGate
  bootstrapper: Bootstrapper
  clock: Clock
  log: Log
  /** A short unique word for a launch. */
  newToken: () => string
}
