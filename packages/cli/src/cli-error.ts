/** Exit statuses of the program. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, notFound: 3, unreachable: 4, interrupted: 130 } as const

/** What a command returns that serves until a signal ends it, which is its normal end: the program's status is 0. */
export const endedBySignal = -1

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** Ends the command: one line of what and where, and perhaps one of what to do. */
export class CliError extends Error {
  override name = 'CliError'
  readonly code: ExitCode
  readonly remedy: string | undefined
  constructor(code: ExitCode, message: string, remedy?: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.code = code
    this.remedy = remedy
  }
}

/** The one or two lines that stderr gets for an error. */
export function formatError({ message, remedy }: CliError): string {
  return `navarch: ${message}\n${remedy ? `  ${remedy}\n` : ''}`
}
