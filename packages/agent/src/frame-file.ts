import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Log } from '@navarch/system/log'
import { createEnvelopeDecoder, encodeEnvelope, envelopeBytes } from './envelope.ts'

/** What waits to be confirmed, oldest first: on disk and in memory. */
export interface FrameFile {
  /** By number, which rises, and begins anew with each opening. */
  entries(): ReadonlyMap<number, Buffer>
  /**
   * Adds content under a number at once. `kept` resolves when it is on disk, or is not needed here any more: confirmed, or
   * given up because the file was full. It never rejects; a disk that fails is logged, and tried again with the next content.
   */
  add(content: Uint8Array): { id: number; kept: Promise<void> }
  /** Forgets content that was confirmed. What is not there changes nothing. */
  remove(ids: Iterable<number>): Promise<void>
  /** Contents given up because the file was full, and those of them that were `lesser`. */
  dropped(): { all: number; lesser: number }
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
  /** What gives way before all else. Default: nothing does. */
  lesser?: (content: Uint8Array) => boolean
  /** Frees some of a disk that has no room for new content. @returns whether it did: then it is tried again at once */
  freeDisk?: () => Promise<boolean>
}

/** Contents that were confirmed are left in the file until they are this much: what comes twice changes nothing. */
const wasteBytes = 64 * 1024

/**
 * Opens the file and takes up what an earlier run left in it.
 *
 * It is a row of gRPC envelopes; a last one that is cut short was never promised to anybody. What is added while the disk
 * is at work is written in one go afterwards.
 */
export async function openFrameFile({
  path,
  log,
  what,
  maxBytes,
  lesser = () => false,
  freeDisk = async () => false,
}: FrameFileOptions): Promise<FrameFile> {
  const entries = new Map<number, Buffer>()
  /** Those of the entries that are not on disk, with whom to tell when they are. */
  const unkept = new Map<number, () => void>()
  const lesserIds = new Set<number>()
  const wasteLimit = Math.min(wasteBytes, maxBytes / 8)
  let nextId = 1
  let bytes = 0
  let fileBytes = 0
  const dropped = { all: 0, lesser: 0 }
  /** undefined: the disk failed, or was not asked yet. */
  let file: FileHandle | undefined
  let failing = false
  let work: Promise<void> = Promise.resolve()
  let writing: Promise<void> | undefined
  let closed = false

  const take = (content: Uint8Array): number => {
    const frame = encodeEnvelope(content)
    const id = nextId++
    entries.set(id, frame)
    if (lesser(content)) lesserIds.add(id)
    bytes += frame.length
    return id
  }
  const settle = (id: number): void => {
    unkept.get(id)?.()
    unkept.delete(id)
  }
  const forget = (id: number): boolean => {
    bytes -= entries.get(id)?.length ?? 0
    settle(id)
    lesserIds.delete(id)
    return entries.delete(id)
  }
  /** Gives up contents until the rest fits in; the newest stays, however large. */
  const giveUp = (ids: Iterable<number>, newest: number): void => {
    for (const id of ids) {
      if (bytes <= maxBytes) return
      if (id === newest) continue
      dropped.all++
      if (lesserIds.has(id)) dropped.lesser++
      forget(id)
    }
  }
  const closeFile = async (): Promise<void> => {
    const handle = file
    file = undefined
    await handle?.close()
  }
  const onFailure = async (error: unknown): Promise<void> => {
    const reason = error instanceof Error ? error.message : String(error)
    if (!failing) log.warn(`${what} are kept in memory alone until the disk takes them`, { path, error: reason })
    failing = true
    // What it holds now is not known: the next write makes it anew.
    await closeFile().catch(() => {})
    if (path === undefined) return
    // What a full disk took of it would stay.
    await rm(`${path}.new`, { force: true }).catch(() => {})
    // Where all is kept already, nothing needs the room.
    if (unkept.size > 0 && isDiskFull(error) && (await freeDisk().catch(() => false))) void write(path)
  }
  /** Disk work in order, one at a time. Never rejects. */
  const onDisk = (task: () => Promise<void>): Promise<void> => {
    work = work.then(() => (closed ? undefined : task())).catch(onFailure)
    return work
  }
  const rewrite = async (to: string): Promise<void> => {
    const frames = [...entries]
    if (file && frames.length === 0) {
      await file.truncate(0)
    } else {
      await mkdir(dirname(to), { recursive: true, mode: 0o755 })
      await using fresh = await open(`${to}.new`, 'w', 0o600)
      await fresh.writeFile(Buffer.concat(frames.map(([, frame]) => frame)))
      await fresh.datasync()
      await rename(`${to}.new`, to)
      await closeFile()
      // Appending must go to the end also after a truncation.
      file = await open(to, 'a+', 0o600)
    }
    fileBytes = frames.reduce((sum, [, frame]) => sum + frame.length, 0)
    for (const [id] of frames) settle(id)
    if (failing) log.info(`${what} are on disk again`, { path: to })
    failing = false
  }
  const append = async (handle: FileHandle): Promise<void> => {
    const ids = [...unkept.keys()]
    const block = Buffer.concat(ids.flatMap((id) => entries.get(id) ?? []))
    await handle.appendFile(block)
    await handle.datasync()
    fileBytes += block.length
    for (const id of ids) settle(id)
  }
  /** Writes all that is not on disk; whoever adds while the disk is busy shares the next write. */
  const write = (to: string): Promise<void> => {
    writing ??= onDisk(async () => {
      writing = undefined
      if (unkept.size === 0) return
      if (!file || fileBytes - bytes > wasteLimit) await rewrite(to)
      else await append(file)
    })
    return writing
  }

  if (path !== undefined) {
    try {
      const { frames, damagedBytes } = readFrames(await readIfThere(path), maxBytes)
      for (const content of frames) take(content)
      if (damagedBytes > 0)
        log.error(`${what} of an earlier run are damaged, and some are lost`, { path, damagedBytes })
    } catch (error) {
      log.error(`${what} of an earlier run cannot be read and are set aside`, { path, error: String(error) })
      await rename(path, `${path}.unreadable`).catch(() => {})
    }
    await onDisk(() => rewrite(path))
  }

  return {
    entries: () => entries,
    dropped: () => ({ ...dropped }),
    add: (content) => {
      const id = take(content)
      const before = dropped.all
      giveUp(lesserIds, id)
      giveUp(entries.keys(), id)
      if (dropped.all > before) log.warn(`${what} were given up because the spool is full`, { dropped: dropped.all })
      if (path === undefined) return { id, kept: Promise.resolve() }
      const kept = new Promise<void>((resolve) => unkept.set(id, resolve))
      void write(path)
      return { id, kept }
    },
    remove: (ids) => {
      let removed = false
      for (const id of ids) removed = forget(id) || removed
      if (!removed || path === undefined) return Promise.resolve()
      return onDisk(async () => {
        if (file && (entries.size === 0 || fileBytes - bytes > wasteLimit)) await rewrite(path)
      })
    },
    close: async () => {
      await work
      closed = true
      await closeFile()
    },
  }
}

function isDiskFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')
}

/** The content of an entry without its envelope. */
export function contentOf(frame: Buffer): Buffer {
  return frame.subarray(envelopeBytes)
}

async function readIfThere(path: string): Promise<Buffer> {
  try {
    await using file = await open(path)
    return await file.readFile()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return Buffer.alloc(0)
    throw error
  }
}

/** Reads as many whole frames as there are. A last one that is cut short is no damage; what follows a broken one is lost. */
function readFrames(content: Buffer, maxBytes: number): { frames: Buffer[]; damagedBytes: number } {
  const frames: Buffer[] = []
  try {
    for (const bytes of createEnvelopeDecoder(maxBytes)(content)) frames.push(Buffer.from(bytes))
    return { frames, damagedBytes: 0 }
  } catch {
    const good = frames.reduce((sum, frame) => sum + frame.length + envelopeBytes, 0)
    return { frames, damagedBytes: content.length - good }
  }
}
