/** What a finished command left behind. `code` is null when a signal ended it. */
export interface CommandResult {
  code: number | null
  signal: string | null
  stdout: string
  stderr: string
}

export interface CommandOptions {
  /** Milliseconds before the command is killed and an error whose `code` is `command_timeout` is thrown. */
  deadlineMs: number
  input?: string
  env?: Record<string, string | undefined>
  signal?: AbortSignal
  maxOutputBytes?: number
}

/**
 * Runs a program without a shell. A non-zero exit is a result, not an error.
 * Errors carry `code`: `command_start` when the program cannot be started, `command_timeout` at the deadline.
 */
export type RunCommand = (program: string, args: readonly string[], options: CommandOptions) => Promise<CommandResult>

/** Time as an argument. */
export interface SlurmClock {
  /** Milliseconds since the Unix epoch. */
  now(): number
  /** Resolves after `ms` milliseconds; rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}
