import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { backoffDelay } from '@navarch/system/backoff'
import type { Clock } from '@navarch/system/clock'
import type { KernelLogLine, KernelLogReader, KernelLogSource } from './kernel-log.ts'
import { mayBeDriverLine } from './kernel-log-line.ts'

export interface JournalOptions {
  clock: Clock
  /** Default "journalctl". */
  program?: string
}

const restart = { firstMs: 1000, maxMs: 60_000 }

/** Follows the kernel's lines in systemd's journal, for agents that may not read /dev/kmsg. */
export function createJournalSource(options: JournalOptions): KernelLogSource {
  return async (reader, signal) => {
    for (let attempt = 0; !signal.aborted; attempt++) {
      const lines = await followOnce(options.program ?? 'journalctl', reader, signal)
      if (reader.follow === false) return
      if (lines > 0) attempt = 0
      await options.clock.sleep(backoffDelay(restart, attempt, 1), signal).catch(() => {})
    }
  }
}

/** @returns how many lines were read before it ended */
async function followOnce(program: string, reader: KernelLogReader, signal: AbortSignal): Promise<number> {
  const cursor = await reader.position.load()
  if (signal.aborted) return 0
  // A position that another reader left is no cursor, and journalctl would end at it.
  const from = cursor?.startsWith('s=') ? `--after-cursor=${cursor}` : '--since=-2h'
  const follow = reader.follow === false ? [] : ['-f', '-n', 'all']
  const child = spawn(program, ['-k', ...follow, '-o', 'json', '--no-pager', from], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const stop = () => child.kill()
  signal.addEventListener('abort', stop, { once: true })
  const ended = new Promise<Error | undefined>((resolve) => {
    child.on('error', resolve)
    // Without the right to read any journal it says so and fails; one that is followed is tried again.
    child.on('close', (code) =>
      resolve(code && reader.follow === false ? new Error(`${program} ended with status ${code}`) : undefined),
    )
  })
  let count = 0
  try {
    for await (const json of createInterface({ input: child.stdout, crlfDelay: Number.POSITIVE_INFINITY })) {
      count++
      const entry = parseJournalEntry(json)
      if (!entry || !mayBeDriverLine(entry.line.text)) continue
      reader.onLine(entry.line)
      await reader.position.save(entry.cursor)
    }
    const error = await ended
    if (error) throw new Error(`cannot read the journal: ${error.message}`, { cause: error })
    return count
  } finally {
    signal.removeEventListener('abort', stop)
    child.kill()
  }
}

/** Reads one line of `journalctl -o json`. The message is a list of bytes when it is not valid UTF-8. */
export function parseJournalEntry(json: string): { line: KernelLogLine; cursor: string } | undefined {
  let entry: unknown
  try {
    entry = JSON.parse(json)
  } catch {
    return undefined
  }
  if (typeof entry !== 'object' || entry === null) return undefined
  const { MESSAGE: message, __REALTIME_TIMESTAMP: time, __CURSOR: cursor } = entry as Record<string, unknown>
  const text = Array.isArray(message) ? Buffer.from(message).toString('utf8') : message
  const at = Math.floor(Number(time) / 1000)
  if (typeof text !== 'string' || typeof cursor !== 'string' || !Number.isFinite(at)) return undefined
  return { line: { text, at, id: cursor }, cursor }
}
