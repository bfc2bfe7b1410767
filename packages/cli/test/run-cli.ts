import { Writable } from 'node:stream'
import type { Clock } from '@navarch/system/clock'
import { systemClock } from '@navarch/system/clock'
import type { Io } from '../src/io.ts'
import { run } from '../src/run.ts'
import { seenAt } from './fleet.ts'

export interface CliRun {
  code: number
  stdout: string
  stderr: string
}

export interface RunOptions {
  /** Address of the control plane, as NAVARCH_SERVER. */
  server?: string
  env?: Record<string, string>
  /** Contents by path; any other file is not there. */
  files?: Record<string, string>
  /** What comes on standard input. */
  stdin?: string
  /** Width of the terminal; without it stdout is a pipe. */
  terminal?: number
  clock?: Clock
}

export interface RunningCli {
  done: Promise<CliRun>
  stdout(): string
  stderr(): string
  /** What went to standard output as bytes. */
  bytes(): Buffer
  /** What Ctrl-C does. */
  interrupt(): void
}

/** Real timers over a time of day that stands still, so that ages are known. */
const standingClock: Clock = { ...systemClock, now: () => seenAt }

/** Runs the command line in this process, to its end. */
export function runCli(args: readonly string[], options: RunOptions = {}): Promise<CliRun> {
  return startCli(args, options).done
}

/** Starts the command line in this process. */
export function startCli(args: readonly string[], options: RunOptions = {}): RunningCli {
  const written = { stdout: '', stderr: '' }
  const bytes: Buffer[] = []
  const stop = new AbortController()
  const isTTY = options.terminal !== undefined
  const io: Io = {
    stdout: {
      isTTY,
      columns: options.terminal,
      write: (text) => {
        written.stdout += text
      },
    },
    stderr: {
      isTTY,
      write: (text) => {
        written.stderr += text
      },
    },
    bytes: new Writable({
      write(chunk: Buffer, _encoding, done) {
        bytes.push(chunk)
        done()
      },
    }),
    env: { ...(options.server && { NAVARCH_SERVER: options.server }), ...options.env },
    home: '/home/operator',
    fetch,
    clock: options.clock ?? standingClock,
    random: () => 0,
    readFile: async (path) => {
      const text = options.files?.[path]
      if (text === undefined) throw Object.assign(new Error(`ENOENT: no such file, open '${path}'`), { code: 'ENOENT' })
      return text
    },
    exists: async (path) => options.files?.[path] !== undefined,
    trustAnyCertificate: () => {},
    readStdin: async () => options.stdin ?? '',
    writePrivateFile: async (path, text) => {
      options.files = { ...options.files, [path]: text }
    },
    trustAuthorities: () => {},
    signal: stop.signal,
  }
  return {
    done: run(args, io).then((code) => ({ code, ...written })),
    stdout: () => written.stdout,
    stderr: () => written.stderr,
    bytes: () => Buffer.concat(bytes),
    interrupt: () => stop.abort(),
  }
}
