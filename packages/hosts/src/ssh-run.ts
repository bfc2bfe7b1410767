import { StringDecoder } from 'node:string_decoder'
import type { Clock } from '@navarch/system/clock'
import type { Client, ClientChannel } from 'ssh2'
import { createCappedOutput } from './capped-output.ts'
import { HostError } from './host-error.ts'
import { shellQuote } from './shell-quote.ts'

export interface RunOptions {
  /** Milliseconds before everything that the script started is killed. Required: nothing may hang. */
  deadlineMs: number
  /** The script's standard input; empty when absent. */
  input?: string | Uint8Array
  /** Sees output as it comes, complete. */
  onOutput?: (stream: 'stdout' | 'stderr', text: string) => void
  /** Whether to run as root through sudo. Default: true unless the user is root. */
  sudo?: boolean
  signal?: AbortSignal
}

export interface RunResult {
  /** undefined when a signal ended it. */
  exitCode: number | undefined
  signal: string | undefined
  /** At most 64 KiB: beyond that its head and its tail. */
  stdout: string
  stderr: string
  durationMs: number
}

interface Connection {
  client: Client
  clock: Clock
  /** user@address:port, for messages. */
  where: string
  whyLost(): string
}

const outputLimit = 64 * 1024
/** How long a killed script may take to be gone before its caller is answered regardless. */
const killGraceMs = 5_000

/**
 * The program that runs a script from its standard input. It is plain sh, so that any login shell can start it.
 *
 * - `timeout` makes a process group of its own, whose number is the first thing printed: it is what we kill. It also
 *   ends the script by itself, for the case that the connection is lost.
 * - The first line of the input is the script's length, so that the script's own input can follow it and the script is
 *   read whole before any of it runs: a command in it that reads its input cannot swallow the rest.
 * - PATH ends with all folders of a root login: what sshd and sudo set lacks some of them, which ones differs.
 */
function launcher(deadlineMs: number, sudo: boolean): string {
  const seconds = Math.ceil(deadlineMs / 1000) + 2
  const read = 'eval "$(read -r bytes; head -c "$bytes")"'
  const start = `echo "${groupMarker}$PPID"; PATH=$PATH:${rootPath}; export PATH; exec "$(command -v bash || echo sh)" -c ${shellQuote(read)}`
  return `${sudo ? 'sudo -n -E ' : ''}timeout -s KILL ${seconds} sh -c ${shellQuote(start)}`
}

const rootPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const groupMarker = 'navarch-process-group '
const groupLine = new RegExp(`^${groupMarker}(\\d+)\n`, 'm')

/** Runs a script over a connection; see `SshSession.run`. */
export function runOverSsh(
  connection: Connection,
  script: string,
  options: RunOptions & { sudo: boolean },
): Promise<RunResult> {
  const { client, clock, where } = connection
  const { deadlineMs, sudo, signal } = options
  const startedAt = clock.now()
  const stdout = createCappedOutput(outputLimit)
  const stderr = createCappedOutput(outputLimit)
  const output = () => ({ stdout: stdout.text(), stderr: stderr.text() })

  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    let channel: ClientChannel | undefined
    let group: number | undefined
    let exit: { exitCode: number | undefined; signal: string | undefined } | undefined
    let stopped: { error: () => unknown } | undefined
    let settled = false
    const timers: (() => void)[] = []

    const settle = (action: () => void) => {
      if (settled) return
      settled = true
      for (const cancel of timers) cancel()
      signal?.removeEventListener('abort', onAbort)
      channel?.close()
      action()
    }
    const stop = (error: () => unknown) => {
      if (stopped) return
      stopped = { error }
      if (group !== undefined) killGroup(client, group, sudo)
      timers.push(clock.after(killGraceMs, () => settle(() => reject(error()))))
    }
    const finish = () =>
      settle(() => {
        if (stopped) reject(stopped.error())
        else if (exit === undefined) {
          reject(new HostError('unreachable', `lost ${where}: ${connection.whyLost()}`, { output: output() }))
        } else if (group === undefined) reject(notStarted(where, sudo, stderr.text()))
        else resolve({ ...exit, ...output(), durationMs: clock.now() - startedAt })
      })
    const onAbort = () => stop(() => signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    timers.push(
      clock.after(deadlineMs, () =>
        stop(
          () =>
            new HostError('timeout', `not finished on ${where} after ${deadlineMs} ms, killed`, { output: output() }),
        ),
      ),
    )

    const onStarted = (started: number) => {
      group = started
      if (stopped) killGroup(client, started, sudo)
    }
    const open = (error: Error | undefined, opened: ClientChannel) => {
      if (error) {
        settle(() => reject(new HostError('unreachable', `${where} starts no command: ${error.message}`)))
        return
      }
      channel = opened
      if (settled) {
        opened.close()
        return
      }
      const collect = (name: 'stdout' | 'stderr', kept: typeof stdout) => {
        const decoder = new StringDecoder('utf8')
        return (chunk: Buffer) => {
          kept.add(chunk)
          options.onOutput?.(name, decoder.write(chunk))
        }
      }
      opened.on('data', afterMarker(onStarted, collect('stdout', stdout)))
      opened.stderr.on('data', collect('stderr', stderr))
      opened.on('exit', (code: number | null, name?: string) => {
        exit = { exitCode: code ?? undefined, signal: name }
        // A service that it left in the background may hold its output open for ever.
        timers.push(clock.after(2_000, finish))
      })
      opened.on('close', finish)
      // A script that ends before it has read its input closes the channel; its exit status says what went wrong.
      opened.on('error', () => {})
      const text = Buffer.from(script)
      opened.end(Buffer.concat([Buffer.from(`${text.length}\n`), text, Buffer.from(options.input ?? '')]))
    }
    try {
      client.exec(launcher(deadlineMs, sudo), open)
    } catch (cause) {
      settle(() => reject(new HostError('unreachable', `lost ${where}: ${connection.whyLost()}`, { cause })))
    }
  })
}

/** Reads the process group from the first lines (a login shell may print some of its own before), passes on the rest. */
function afterMarker(onGroup: (group: number) => void, pass: (chunk: Buffer) => void): (chunk: Buffer) => void {
  let before: Buffer | undefined = Buffer.alloc(0)
  return (chunk) => {
    if (!before) {
      pass(chunk)
      return
    }
    before = Buffer.concat([before, chunk])
    const match = groupLine.exec(before.toString('latin1'))
    if (!match) return
    onGroup(Number(match[1]))
    const rest = before.subarray(match.index + match[0].length)
    before = undefined
    if (rest.length > 0) pass(rest)
  }
}

/** Best effort: when the connection is gone, the `timeout` over there does it. */
function killGroup(client: Client, group: number, sudo: boolean): void {
  try {
    client.exec(`${sudo ? 'sudo -n ' : ''}sh -c 'kill -s KILL -- -${group}'`, (_error, channel) => channel?.resume())
  } catch {
    // Not connected any more.
  }
}

function notStarted(where: string, sudo: boolean, said: string): HostError {
  const reason = said.trim().split('\n').at(-1) ?? ''
  if (sudo && /password|sudo|tty|not allowed|sudoers/i.test(reason)) {
    const user = where.slice(0, where.indexOf('@'))
    return new HostError('auth', `${where} may not become root: ${reason}`, {
      remedy: `Log in as root, or allow it with the line "${user} ALL=(ALL) NOPASSWD: ALL" in /etc/sudoers.d/.`,
    })
  }
  return new HostError('failed', `${where} cannot run scripts: ${reason || 'no sh, timeout or head there'}`)
}
