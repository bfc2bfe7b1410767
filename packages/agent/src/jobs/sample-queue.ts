import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log } from '@navarch/system/log'
import { createEnvelopeDecoder, encodeEnvelope } from '../envelope.ts'

/** Messages with readings that wait for the link: the newest in memory, older ones in files of a folder. */
export interface SampleQueue {
  push(message: Uint8Array): void
  /**
   * The oldest messages, which stay until `sent` is called. Undefined when there are none. What was not confirmed comes again:
   * readings that arrive twice count once.
   */
  next(): Promise<{ messages: Uint8Array[]; sent: () => Promise<void> } | undefined>
  /** Messages given up because there were too many. */
  dropped(): number
  /** Gives up the oldest file, counted, for a disk that is full. @returns whether there was one */
  giveUpOldest(): Promise<boolean>
  /** Writes down what is in memory. */
  close(): Promise<void>
}

export interface SampleQueueOptions {
  /** undefined: in memory alone. */
  folder: string | undefined
  log: Log
  /** Most that is kept in files. Default 50 MB. */
  maxBytes?: number
  /** Most that is kept in memory before it is made a file. Default 512 KiB. */
  maxMemoryBytes?: number
}

interface Segment {
  name: string
  bytes: number
}

/** No message is larger: what is, is damage. */
const maxMessageBytes = 4 * 1024 * 1024

/**
 * Opens the queue and takes up the files of an earlier run. Readings are worth less than events: they are not synced to the
 * disk one by one, and the oldest give way, counted.
 */
export async function openSampleQueue(options: SampleQueueOptions): Promise<SampleQueue> {
  const { folder, log, maxBytes = 50_000_000, maxMemoryBytes = 512 * 1024 } = options
  let segments: Segment[] = folder === undefined ? [] : await listSegments(folder, log)
  let fresh: Uint8Array[] = []
  let freshBytes = 0
  let dropped = 0
  let number = segments.reduce((last, { name }) => Math.max(last, Number.parseInt(name, 10)), 0)
  let work: Promise<void> = Promise.resolve()

  const drop = (count: number, why: string) => {
    dropped += count
    log.warn('readings of jobs were given up', { reason: why, messages: count, dropped })
  }
  const spill = (): Promise<void> => {
    const messages = fresh
    fresh = []
    freshBytes = 0
    if (messages.length === 0) return work
    if (folder === undefined) {
      drop(messages.length, 'the control plane is away, and there is no folder to keep them in')
      return work
    }
    const name = `${String(++number).padStart(12, '0')}.samples`
    work = work.then(async () => {
      const content = Buffer.concat(messages.map(encodeEnvelope))
      try {
        await mkdir(folder, { recursive: true })
        await writeFile(join(folder, `${name}.new`), content, { mode: 0o600 })
        await rename(join(folder, `${name}.new`), join(folder, name))
        segments.push({ name, bytes: content.length })
        await makeRoom()
      } catch (error) {
        // What a full disk took of it would stay.
        await rm(join(folder, `${name}.new`), { force: true }).catch(() => {})
        drop(messages.length, error instanceof Error ? error.message : String(error))
      }
    })
    return work
  }
  const makeRoom = async (): Promise<void> => {
    while (segments.length > 1 && segments.reduce((sum, { bytes }) => sum + bytes, 0) > maxBytes)
      await dropOldest(`more than ${maxBytes} bytes wait`)
  }
  const dropOldest = async (why: string): Promise<boolean> => {
    const [oldest] = segments
    if (!oldest || folder === undefined) return false
    const count = (await readSegment(join(folder, oldest.name))).length
    await forget(oldest)
    drop(count, why)
    return true
  }
  const forget = async (segment: Segment): Promise<void> => {
    segments = segments.filter((one) => one !== segment)
    if (folder !== undefined) await rm(join(folder, segment.name), { force: true })
  }

  return {
    dropped: () => dropped,
    giveUpOldest: () => {
      const done = work.then(() => dropOldest('the disk is full, and events of jobs go first'))
      work = done.then(
        () => {},
        () => {},
      )
      return done
    },
    push: (message) => {
      fresh.push(message)
      freshBytes += message.length
      if (freshBytes > maxMemoryBytes) void spill()
    },
    next: async () => {
      await work
      const [segment] = segments
      if (segment && folder !== undefined) {
        const messages = await readSegment(join(folder, segment.name))
        return { messages, sent: () => forget(segment) }
      }
      if (fresh.length === 0) return undefined
      const messages = [...fresh]
      const sent = async () => {
        fresh = fresh.filter((message) => !messages.includes(message))
        freshBytes = fresh.reduce((sum, { length }) => sum + length, 0)
      }
      return { messages, sent }
    },
    close: async () => {
      await spill()
    },
  }
}

async function listSegments(folder: string, log: Log): Promise<Segment[]> {
  try {
    const all = await readdir(folder)
    const names = all.filter((name) => /^\d+\.samples$/.test(name)).sort()
    // A crash left them half written.
    for (const name of all) if (/^\d+\.samples\.new$/.test(name)) await rm(join(folder, name), { force: true })
    return await Promise.all(names.map(async (name) => ({ name, bytes: (await stat(join(folder, name))).size })))
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT'))
      log.warn('readings of an earlier run cannot be read', { folder, error: String(error) })
    return []
  }
}

/** As many whole messages as the file has; nothing when it is not there. */
async function readSegment(path: string): Promise<Uint8Array[]> {
  const messages: Uint8Array[] = []
  try {
    for (const message of createEnvelopeDecoder(maxMessageBytes)(await readFile(path))) messages.push(message)
  } catch {
    // Cut short by a crash, or damaged: what stands before is good.
  }
  return messages
}
