/** A machine, wherever it comes from. */
export interface Machine {
  /** The provider's own id. */
  id: string
  /** The node name it was launched for; undefined when the provider cannot tell. */
  node?: string
  /** The launch that made it; undefined when the provider cannot tell. */
  token?: string
  state: 'pending' | 'running' | 'terminating' | 'terminated'
  /** Address for SSH and Slurm, once it has one. */
  address?: string
  /** Port for SSH, when the provider knows better than the pool. */
  sshPort?: number
  /** User to log in as, when the provider knows better than the pool. */
  sshUser?: string
  /** Public key(s) that the machine presents, when the provider knows them (OpenSSH "type base64" lines). */
  hostKeys?: string[]
  region: string
  zone: string
  instanceType: string
  /** ms since the epoch; undefined when the provider does not say. */
  launchedAt?: number
}

export interface LaunchRequest {
  /** Node name: letters, digits, ".", "_", "-". */
  node: string
  pool: string
  /** Names this launch. A second call with the same token returns the machine of the first. */
  token: string
  instanceType: string
  region: string
  zones: readonly string[]
  sshKeys: readonly string[]
  image?: string
  /** Machines that must not be handed out (known to be faulty), by id. */
  exclude: readonly string[]
}

/**
 * Where machines come from. Every call has a deadline through `signal`, throws only `ProviderError`,
 * and may be repeated after a crash.
 */
export interface Provider {
  readonly name: string
  readonly type: string
  /** How long a machine may take from launch to its first SSH answer, ms: the provision step's deadline. */
  readonly bootDeadlineMs: number
  /** Its machines become nodes by themselves: nobody logs in to set them up. Default false. */
  readonly selfBootstraps?: boolean
  /** Its machines live on after `terminate`: what runs there must be stopped first. Default false. */
  readonly keepsMachines?: boolean
  /** Names that its machines have before they are nodes, in the order in which they are handed out. Default none. */
  readonly hostNames?: readonly string[]
  /** Makes one machine and returns as soon as it has an id; its address may come later, through `get`. */
  launch(request: LaunchRequest, signal: AbortSignal): Promise<Machine>
  /** The machine, or undefined when it is certainly gone. */
  get(machineId: string, signal: AbortSignal): Promise<Machine | undefined>
  /** All machines that this control plane launched and that are not terminated. */
  list(signal: AbortSignal): Promise<Machine[]>
  /** Asks for the machine's end. Done already, or never there: no error. */
  terminate(machineId: string, signal: AbortSignal): Promise<void>
}

/**
 * - `unauthorized`: no or wrong credentials
 * - `capacity`: none to be had now; others may follow
 * - `quota`: our own limit there
 * - `invalid`: the request can never work as configured (unknown instance type, region, key)
 * - `unavailable`: the provider cannot be reached or is failing
 * - `unsupported`: known, and not built yet
 */
export type ProviderErrorCode = 'unauthorized' | 'capacity' | 'quota' | 'invalid' | 'unavailable' | 'unsupported'

export class ProviderError extends Error {
  override name = 'ProviderError'
  readonly code: ProviderErrorCode
  /** What the operator can do about it; empty when nothing but wait. */
  readonly remedy: string
  /** How long the provider asks us to stay away, ms; undefined when it does not say. */
  readonly retryAfterMs: number | undefined
  constructor(
    code: ProviderErrorCode,
    message: string,
    options: { remedy?: string; retryAfterMs?: number | undefined; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause })
    this.code = code
    this.remedy = options.remedy ?? ''
    this.retryAfterMs = options.retryAfterMs
  }
}
