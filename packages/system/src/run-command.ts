import { spawn } from 'node:child_process'

/** What a finished command left behind. `code` is null when a signal ended it. */
export interface CommandResult {
  code: number | null
  signal: string | null
  stdout: string
  stderr: string
}

export interface CommandOptions {
  /** Milliseconds before the command is killed and a `CommandTimeoutError` is thrown. Required: nothing may hang. */
  deadlineMs: number
  /** Written to the command's standard input, which is then closed. */
  input?: string
  env?: Record<string, string | undefined>
  signal?: AbortSignal
  /** Bytes of each output stream kept; the rest makes the call fail. Default 256 MiB. */
  maxOutputBytes?: number
}

/** Runs a program without a shell. A non-zero exit is a result, not an error. */
export type RunCommand = (program: string, args: readonly string[], options: CommandOptions) => Promise<CommandResult>

/** The program could not be started (not found, not executable, no memory). */
export class CommandStartError extends Error {
  override name = 'CommandStartError'
  readonly code = 'command_start'
}

/** The command did not finish before its deadline. It has been killed, or is stuck in the kernel and left behind. */
export class CommandTimeoutError extends Error {
  override name = 'CommandTimeoutError'
  readonly code = 'command_timeout'
  /** Resolves when the command is gone; one that is stuck in the kernel may never be. */
  readonly ended: Promise<void>

  constructor(message: string, ended: Promise<void> = Promise.resolve()) {
    super(message)
    this.ended = ended
  }
}

/** The command printed more than `maxOutputBytes`. */
export class CommandOutputError extends Error {
  override name = 'CommandOutputError'
  readonly code = 'command_output'
}

/**
 * Runs a program on this machine.
 *
 * The caller is answered at the deadline even when the child is stuck in uninterruptible sleep and cannot be killed:
 * a wedged driver must never wedge us.
 */
export const runCommand: RunCommand = (program, args, options) =>
  new Promise((resolve, reject) => {
    options.signal?.throwIfAborted()
    const limit = options.maxOutputBytes ?? 256 * 1024 * 1024
    const child = start(program, args, options)
    const ended = new Promise<void>((gone) => child.once('exit', () => gone()))
    const chunks: { stdout: Buffer[]; stderr: Buffer[] } = { stdout: [], stderr: [] }
    const bytes = { stdout: 0, stderr: 0 }
    let settled = false

    const settle = (action: () => void) => {
      if (settled) return
      settled = true
      clearTimeout(timer)
      options.signal?.removeEventListener('abort', onAbort)
      action()
    }
    const abandon = (error: unknown) =>
      settle(() => {
        child.kill('SIGKILL')
        child.stdout?.destroy()
        child.stderr?.destroy()
        child.unref()
        reject(error)
      })
    const onAbort = () => abandon(options.signal?.reason)
    const timer = setTimeout(
      () => abandon(new CommandTimeoutError(`${program} did not finish within ${options.deadlineMs} ms`, ended)),
      options.deadlineMs,
    )
    options.signal?.addEventListener('abort', onAbort, { once: true })

    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream]?.on('data', (chunk: Buffer) => {
        bytes[stream] += chunk.length
        if (bytes[stream] > limit) abandon(new CommandOutputError(`${program} printed more than ${limit} bytes`))
        else chunks[stream].push(chunk)
      })
    }
    child.on('error', (cause) => settle(() => reject(startError(program, cause))))
    child.on('close', (code, signal) =>
      settle(() =>
        resolve({
          code,
          signal,
          stdout: Buffer.concat(chunks.stdout).toString('utf8'),
          stderr: Buffer.concat(chunks.stderr).toString('utf8'),
        }),
      ),
    )
    // A child that exits before reading its input closes the pipe; its exit status says what went wrong.
    child.stdin?.on('error', () => {})
    child.stdin?.end(options.input)
  })

/** Node tells some failures to start a program by an event, and others (a file on the way that is no folder) by throwing. */
function start(program: string, args: readonly string[], { input, env }: CommandOptions) {
  try {
    return spawn(program, args, {
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      env: env ? { ...process.env, ...env } : process.env,
    })
  } catch (cause) {
    throw startError(program, cause)
  }
}

function startError(program: string, cause: unknown): CommandStartError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new CommandStartError(`cannot run ${program}: ${reason}`, { cause })
}
