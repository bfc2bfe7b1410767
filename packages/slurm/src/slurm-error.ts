/**
 * - `unreachable`: no controller answered
 * - `timeout`: no answer before the deadline
 * - `not-found`: the node, job or partition does not exist
 * - `refused`: the controller understood and said no (wrong state, busy, not allowed here)
 * - `permission`: this user may not
 * - `missing-command`: the program is not installed where it was looked for
 * - `parse`: the answer is not in a form that is known
 * - `failed`: anything else
 */
export type SlurmErrorCode =
  | 'unreachable'
  | 'timeout'
  | 'not-found'
  | 'refused'
  | 'permission'
  | 'missing-command'
  | 'parse'
  | 'failed'

/** A Slurm command that did not do its work. */
export class SlurmError extends Error {
  override name = 'SlurmError'
  readonly code: SlurmErrorCode
  /** The command line, for people; empty when no command was run. */
  readonly command: string
  /** What the command printed on standard error, trimmed. */
  readonly stderr: string
  constructor(
    code: SlurmErrorCode,
    message: string,
    details: { command?: string; stderr?: string; cause?: unknown } = {},
  ) {
    super(message, { cause: details.cause })
    this.code = code
    this.command = details.command ?? ''
    this.stderr = details.stderr ?? ''
  }
}

/** Text that is not in the format its parser knows. */
export class SlurmParseError extends Error {
  override name = 'SlurmParseError'
  readonly code = 'parse'
  /** The text, cut to its first 200 characters. */
  readonly input: string
  /** Offset of the first character that does not fit; undefined when the whole does not. */
  readonly position: number | undefined
  constructor(what: string, input: string, position?: number) {
    const shown = input.length > 200 ? `${input.slice(0, 200)}…` : input
    super(`${what}${position === undefined ? '' : ` at character ${position + 1}`}: ${JSON.stringify(shown)}`)
    this.input = shown
    this.position = position
  }
}
