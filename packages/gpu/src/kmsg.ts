import { closeSync, constants, openSync, readSync } from 'node:fs'
import type { Clock } from '@navarch/system/clock'
import { type KernelLogLine, type KernelLogSource, lookBackMs } from './kernel-log.ts'
import { mayBeDriverLine } from './kernel-log-line.ts'

export interface KmsgOptions {
  clock: Clock
  /** Names this boot: sequence numbers begin again with each. */
  bootId: string
  /** When this boot began, ms since the epoch. */
  bootedAt: number
  /** Default "/dev/kmsg". */
  path?: string
  /** How often to look for new lines, ms. Default 100. */
  pollMs?: number
}

/** Larger than any record: a smaller buffer makes the kernel refuse the read. Source: kernel/printk/internal.h, PRINTK_MESSAGE_MAX. */
const recordBytes = 8192
/** Records taken at a stretch, so that a full ring buffer at start does not hold up everything else. */
const recordsPerTurn = 200

export interface KmsgRecord {
  sequence: number
  /** Since boot. */
  microseconds: number
  text: string
}

/**
 * Reads a record of /dev/kmsg, `priority,sequence,microseconds,flags;text`.
 * Lines after the first are the record's dictionary and are left out.
 * Source: Documentation/ABI/testing/dev-kmsg.
 */
export function parseKmsgRecord(record: string): KmsgRecord | undefined {
  const match = /^\d+,(\d+),(\d+),[^;]*;([^\n]*)/.exec(record)
  if (!match) return undefined
  return { sequence: Number(match[1]), microseconds: Number(match[2]), text: decodeEscapes(match[3] ?? '') }
}

/**
 * The kernel's own log device.
 *
 * It is read without blocking and looked at ten times a second: a blocking read would hold one of the process's
 * few I/O threads for good, and its exit too.
 */
export function createKmsgSource(options: KmsgOptions): KernelLogSource {
  const { clock, bootId } = options
  return async ({ onLine, position, follow = true }, signal) => {
    const saved = parsePosition(await position.load())
    const fd = openSync(options.path ?? '/dev/kmsg', constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const buffer = Buffer.alloc(recordBytes)
      const after = saved?.bootId === bootId ? saved.sequence : -1
      const oldest = clock.now() - lookBackMs
      let caughtUp = false
      while (!signal.aborted) {
        let taken = 0
        for (; taken < recordsPerTurn; taken++) {
          const record = readRecord(fd, buffer)
          if (record === undefined) break
          const parsed = parseKmsgRecord(record)
          if (!parsed || parsed.sequence <= after || !mayBeDriverLine(parsed.text)) continue
          // The kernel's clock knows nothing of steps of the machine's: what is written now happened now.
          const at = caughtUp ? clock.now() : Math.round(options.bootedAt + parsed.microseconds / 1000)
          if (at < oldest) continue
          for (const line of linesOf(parsed, at, bootId)) onLine(line)
          await position.save(`${bootId} ${parsed.sequence}`)
        }
        if (!follow && taken < recordsPerTurn) return
        caughtUp ||= taken < recordsPerTurn
        const pause = taken === recordsPerTurn ? 0 : (options.pollMs ?? 100)
        await clock.sleep(pause, signal).catch(() => {})
      }
    } finally {
      closeSync(fd)
    }
  }
}

function linesOf(record: KmsgRecord, at: number, bootId: string): KernelLogLine[] {
  const texts = record.text.split('\n')
  return texts.map((text, part) => ({ text, at, id: `${bootId}/${record.sequence}${part > 0 ? `.${part}` : ''}` }))
}

/** One record, or undefined when there is none now. */
function readRecord(fd: number, buffer: Buffer): string | undefined {
  for (;;) {
    try {
      const length = readSync(fd, buffer, 0, buffer.length, null)
      return length > 0 ? buffer.toString('utf8', 0, length) : undefined
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      if (code === 'EAGAIN') return undefined
      // The next record was overwritten before we came; the read after this one goes on with the oldest that is left.
      if (code !== 'EPIPE') throw error
    }
  }
}

/** The kernel writes what is not printable, line ends included, as \xNN. */
function decodeEscapes(text: string): string {
  return text.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

function parsePosition(text: string | undefined): { bootId: string; sequence: number } | undefined {
  const match = /^(\S+) (\d+)$/.exec(text ?? '')
  return match ? { bootId: match[1] ?? '', sequence: Number(match[2]) } : undefined
}
