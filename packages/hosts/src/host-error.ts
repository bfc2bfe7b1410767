/**
 * - `unreachable`: no connection, or it was lost
 * - `auth`: the host refuses the user, the key, or sudo without a password
 * - `host-key`: the host shows another key than the pinned one
 * - `timeout`: a deadline passed; what ran there was killed
 * - `failed`: the host did not do what it was asked
 */
export type HostErrorCode = 'unreachable' | 'auth' | 'host-key' | 'timeout' | 'failed'

/** Something that went wrong between us and a machine, with what an operator can do about it. */
export class HostError extends Error {
  override name = 'HostError'
  readonly code: HostErrorCode
  /** What to do about it; empty when nothing but wait. */
  readonly remedy: string
  /** What the command had printed until then, when one was running. */
  readonly output: { stdout: string; stderr: string } | undefined
  constructor(
    code: HostErrorCode,
    message: string,
    options: { remedy?: string; cause?: unknown; output?: { stdout: string; stderr: string } } = {},
  ) {
    super(message, { cause: options.cause })
    this.code = code
    this.remedy = options.remedy ?? ''
    this.output = options.output
  }
}
