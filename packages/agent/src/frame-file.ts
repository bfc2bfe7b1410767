import { type FileHandle, mkdir, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Log } from '@navarch/system/log'
import { createEnvelopeDecoder, encodeEnvelope } from './envelope.ts'

/** What waits to be confirmed, oldest first: on disk and in memory. */
export interface FrameFile {
  /** By number, which rises, and begins anew with each opening. */
  entries(): ReadonlyMap<number, Buffer>
  /** Adds content under a number at once; `kept` resolves when it is on disk. A disk that fails is logged. */
  add(content: Uint8Array): { id: number; kept: Promise<void> }
  /** Forgets content that was confirmed. What is not there changes nothing. */
  remove(ids: Iterable<number>): Promise<void>
  /** Contents given up because the file was full. */
  dropped(): number
  /** Waits for what is being written, and closes the file. */
  close(): Promise<void>
}

export interface FrameFileOptions {
  /** undefined: in memory alone. */
  path: string | undefined
  log: Log
  /** The contents' name in the log, e.g. "reports". */
  what: string
  /** The oldest contents give way. */
  maxBytes: number
}

/** Confirmed contents at the file's head are left there until they are this much: what comes twice changes nothing. */
const wasteBytes = 64 * 1024

/**
 * Opens the file and takes up what an earlier run left in it.
 *
 * It is a row of gRPC envelopes; a last one that is cut short was never promised to anybody. What is added while the disk
 * is at work is written in one go afterwards.
 */
export async function openFrameFile({ path, log, what, maxBytes }: FrameFileOptions): Promise<FrameFile> {
  const entries = new Map<number, Buffer>()
  let nextId = 1
  let bytes = 0
  let fileBytes = 0
  let dropped = 0
  let file: FileHandle | undefined
  let work: Promise<void> = Promise.resolve()
  let waiting: Buffer[] = []
  let flushing: Promise<void> | undefined

  const giveUp = (error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error)
    log.warn(`${what} are kept in memory alone`, { path: path ?? '', error: reason })
    void file?.close().catch(() => {})
    file = undefined
  }
  /** Disk work in order, one at a time; the first failure ends it for good. */
  const onDisk = (task: (handle: FileHandle) => Promise<void>): Promise<void> => {
    work = work.then(() => (file ? task(file).catch(giveUp) : undefined))
    return work
  }
  const take = (content: Uint8Array): { id: number; frame: Buffer } => {
    const frame = encodeEnvelope(content)
    const id = nextId++
    entries.set(id, frame)
    bytes += frame.length
    return { id, frame }
  }
  const forget = (id: number): boolean => {
    bytes -= entries.get(id)?.length ?? 0
    return entries.delete(id)
  }
  const rewrite = async (handle: FileHandle): Promise<void> => {
    waiting = []
    if (entries.size === 0) {
      await handle.truncate(0)
    } else if (path !== undefined) {
      const frames = [...entries.values()]
      const fresh = await open(`${path}.new`, 'w', 0o600)
      try {
        await fresh.writeFile(Buffer.concat(frames))
        await fresh.datasync()
      } finally {
        await fresh.close()
      }
      await rename(`${path}.new`, path)
      await handle.close()
      // Appending must go to the end also after a truncation.
      file = await open(path, 'a+', 0o600)
      fileBytes = frames.reduce((sum, frame) => sum + frame.length, 0)
      return
    }
    fileBytes = 0
  }
  /** Writes all that waits; whoever adds while the disk is busy shares the next write. */
  const flush = (): Promise<void> => {
    flushing ??= onDisk(async (handle) => {
      flushing = undefined
      const block = Buffer.concat(waiting)
      waiting = []
      if (block.length === 0) return
      await handle.appendFile(block)
      await handle.datasync()
      fileBytes += block.length
    }).then(() => {
      if (file) return
      // Nothing takes the frames up any more; they must not pile up.
      waiting = []
      flushing = undefined
    })
    return flushing
  }

  if (path !== undefined) {
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o755 })
      file = await open(path, 'a+', 0o600)
      for (const content of readFrames(await file.readFile(), maxBytes)) take(content)
      await onDisk(rewrite)
    } catch (error) {
      giveUp(error)
    }
  }

  return {
    entries: () => entries,
    dropped: () => dropped,
    add: (content) => {
      const { id, frame } = take(content)
      const before = dropped
      for (const oldest of entries.keys()) {
        if (bytes <= maxBytes || oldest === id) break
        forget(oldest)
        dropped++
      }
      if (dropped > before) {
        log.warn(`${what} were given up because the spool is full`, { dropped })
        return { id, kept: onDisk(rewrite) }
      }
      if (file) waiting.push(frame)
      return { id, kept: file ? flush() : Promise.resolve() }
    },
    remove: (ids) => {
      let removed = false
      for (const id of ids) removed = forget(id) || removed
      if (!removed) return Promise.resolve()
      return onDisk(async (handle) => {
        if (entries.size === 0 || fileBytes - bytes > wasteBytes) await rewrite(handle)
      })
    },
    close: async () => {
      await flush()
      await work
      await file?.close()
      file = undefined
    },
  }
}

/** The content of an entry without its envelope. */
export function contentOf(frame: Buffer): Buffer {
  return frame.subarray(5)
}

/** Reads as many whole frames as there are; what follows the first broken one is lost. */
function readFrames(content: Buffer, maxBytes: number): Buffer[] {
  const frames: Buffer[] = []
  try {
    for (const bytes of createEnvelopeDecoder(maxBytes)(content)) frames.push(Buffer.from(bytes))
  } catch {
    // A damaged tail: the frames before it are good.
  }
  return frames
}
