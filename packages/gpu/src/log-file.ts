import { type FSWatcher, watch } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import type { Clock } from '@navarch/system/clock'
import { type KernelLogReader, type KernelLogSource, lookBackMs } from './kernel-log.ts'
import { mayBeDriverLine } from './kernel-log-line.ts'
import { logLineTime } from './log-line-time.ts'

export interface LogFileOptions {
  clock: Clock
  path: string
  /** When the machine was started, ms since the epoch. */
  bootedAt: number
  /** How often to look without being told of a change (network file systems, rotation), ms. Default 1000. */
  pollMs?: number
}

const chunkBytes = 64 * 1024
/** How much of a file that we have not seen before is looked back at. */
const lookBackBytes = 4 * 1024 * 1024
const longestLine = 64 * 1024

/**
 * Follows a file that a syslog daemon writes, through rotation and truncation. It need not exist yet, unless it is to be
 * read just once.
 *
 * Of what the file holds at the first start, only lines that carry a time of the last two hours count:
 * faults of unknown age must not come back with each start.
 */
export function createLogFileSource(options: LogFileOptions): KernelLogSource {
  return async (reader, signal) => {
    const follower = createFollower(options, reader, await reader.position.load())
    let changed = Promise.withResolvers<void>()
    let watched: { inode: number; watcher: FSWatcher } | undefined
    const wake = () => changed.resolve()
    signal.addEventListener('abort', wake, { once: true })
    try {
      while (!signal.aborted) {
        changed = Promise.withResolvers<void>()
        await follower.readOn()
        if (reader.follow === false) return
        const inode = follower.inode()
        if (inode !== watched?.inode) {
          watched?.watcher.close()
          watched = inode === undefined ? undefined : watchFile(options.path, inode, wake)
          // What was written between the reading and the watching would wait for the next poll.
          await follower.readOn()
        }
        const cancel = options.clock.after(options.pollMs ?? 1000, wake)
        await changed.promise
        cancel()
      }
    } finally {
      signal.removeEventListener('abort', wake)
      watched?.watcher.close()
      await follower.close()
    }
  }
}

function watchFile(path: string, inode: number, wake: () => void): { inode: number; watcher: FSWatcher } | undefined {
  try {
    const watcher = watch(path, { persistent: false }, wake)
    watcher.on('error', () => watcher.close())
    return { inode, watcher }
  } catch {
    // Gone again, or no watches left: the poll finds the lines too.
    return undefined
  }
}

interface Follower {
  /** Reads what is new, across a rotation. */
  readOn(): Promise<void>
  /** Inode of the file being read; undefined while there is none. */
  inode(): number | undefined
  close(): Promise<void>
}

function createFollower(options: LogFileOptions, reader: KernelLogReader, saved: string | undefined): Follower {
  const { clock, path } = options
  const buffer = Buffer.alloc(chunkBytes)
  let current: { file: FileHandle; inode: number; offset: number; oldUntil: number } | undefined
  let rest = ''
  /** The line being read is too long: the end of it is no line of its own. */
  let overlong = false
  let first = true

  const openFile = async (): Promise<void> => {
    const file = await open(path, 'r').catch((error: unknown) => {
      if (isMissing(error)) return undefined
      throw error
    })
    if (!file) {
      if (reader.follow === false) throw new Error(`${path} does not exist`)
      first = false
      return
    }
    const { ino, size } = await file.stat()
    const known = parsePosition(saved)
    const resumed = known?.inode === ino && known.offset <= size
    const oldUntil = first && !resumed ? size : 0
    const offset = resumed ? known.offset : first ? Math.max(0, size - lookBackBytes) : 0
    current = { file, inode: ino, offset, oldUntil }
    first = false
    saved = undefined
    rest = ''
    overlong = false
  }

  const readToEnd = async (): Promise<void> => {
    if (!current) return
    const { size } = await current.file.stat()
    if (size < current.offset) {
      Object.assign(current, { offset: 0, oldUntil: 0 })
      rest = ''
      overlong = false
    }
    for (;;) {
      const { bytesRead } = await current.file.read(buffer, 0, buffer.length, current.offset)
      if (bytesRead === 0) return
      // One character per byte, so that lengths are offsets.
      await take(buffer.toString('latin1', 0, bytesRead), current)
    }
  }

  const take = async (text: string, file: NonNullable<typeof current>): Promise<void> => {
    const lines = (rest + text).split('\n')
    let start = file.offset - rest.length
    file.offset += text.length
    rest = lines.pop() ?? ''
    const skipsFirst = overlong && lines.length > 0
    overlong = rest.length > longestLine || (overlong && lines.length === 0)
    if (overlong) rest = ''
    for (const [number, line] of lines.entries()) {
      const id = `${file.inode}:${start}`
      start += line.length + 1
      if ((skipsFirst && number === 0) || !mayBeDriverLine(line)) continue
      const now = clock.now()
      const at = logLineTime(line, now, options.bootedAt)
      if (start <= file.oldUntil && (at === undefined ? reader.follow !== false : at < now - lookBackMs)) continue
      reader.onLine({ text: Buffer.from(line, 'latin1').toString('utf8'), at: at ?? now, id })
      await reader.position.save(`${file.inode} ${start}`)
    }
  }

  return {
    async readOn() {
      if (!current) await openFile()
      await readToEnd()
      const present = await stat(path).catch(() => undefined)
      if (!current || !present || present.ino === current.inode) return
      // Rotated: what was still written to the old file has been read above.
      await current.file.close()
      current = undefined
      await openFile()
      await readToEnd()
    },
    inode: () => current?.inode,
    close: async () => current?.file.close(),
  }
}

function parsePosition(text: string | undefined): { inode: number; offset: number } | undefined {
  const match = /^(\d+) (\d+)$/.exec(text ?? '')
  return match ? { inode: Number(match[1]), offset: Number(match[2]) } : undefined
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
