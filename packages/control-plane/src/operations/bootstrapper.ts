import type { SlurmNaming } from '@navarch/core/operation/operation'
import type { PoolSpec } from '@navarch/core/pool/pool-spec'
import type { BootstrapRecord } from '../store/store.ts'

export interface BootstrapRequest {
  pool: PoolSpec
  node: string
  /** Which machine is behind the address: another one has other host keys. */
  machineId: string
  address: string
  sshPort?: number
  /** In place of the pool's user. */
  sshUser?: string
  hostKeys?: readonly string[]
  region: string
  zone: string
  instanceType: string
  provider: string
  slurmNaming: SlurmNaming
}

/** How to log in to a machine. */
export type MachineAccess = Pick<
  BootstrapRequest,
  'pool' | 'node' | 'machineId' | 'address' | 'sshPort' | 'sshUser' | 'hostKeys'
>

/** Makes a machine that answers SSH into a node: agent, munge, slurmd. Running it twice is harmless. */
export interface Bootstrapper {
  /** Throws only when `signal` is aborted; what went wrong is in the record. */
  run(request: BootstrapRequest, signal: AbortSignal): Promise<BootstrapRecord>
  /**
   * Stops and disables slurmd and the agent on a machine that lives on: two hosts must never answer to one name.
   * @throws when that could not be done, as with a dead machine
   */
  retire(access: MachineAccess, signal: AbortSignal): Promise<void>
}
