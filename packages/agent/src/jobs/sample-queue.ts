import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log } from '@navarch/system/log'
import { createEnvelopeDecoder, encodeEnvelope } from '../envelope.ts'

/** Messages with readings that wait for the link: the newest in memory, older ones in files of a folder. */
export interface SampleQueue {
  push(message: Uint8Array): void
  /** The oldest messages. Undefined when there are none. */
  next(): Promise<OutgoingSamples | undefined>
  /** Messages given up because there were too many. */
  dropped(): number
  /** Gives up the oldest file, for a disk that is full. Its messages are counted unless they arrive. @returns whether there was one */
  giveUpOldest(): Promise<boolean>
  /** Writes down what is in memory. */
  close(): Promise<void>
}

/** Messages on their way. They stay until `sent`; what was not confirmed comes again: readings that arrive twice count once. */
export interface OutgoingSamples {
  messages: readonly Uint8Array[]
  /** All of them were confirmed. */
  sent(): Promise<void>
  /** The link has ended before as many were confirmed: those that were given up meanwhile are lost now. */
  notSent(unconfirmed: number): void
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

/** What is on its way. That which was given up since may arrive, and is not lost yet. */
interface Outgoing {
  /** undefined: of memory. */
  segment: Segment | undefined
  messages: readonly Uint8Array[]
  givenUp: number
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
  let out: Outgoing | undefined

  const inOrder = <T>(task: () => Promise<T>): Promise<T> => {
    const done = work.then(task)
    work = done.then(
      () => {},
      () => {},
    )
    return done
  }
  const drop = (count: number, why: string) => {
    if (count === 0) return
    dropped += count
    log.warn('readings of jobs were given up', { reason: why, messages: count, dropped })
  }
  const dropFresh = (messages: readonly Uint8Array[], why: string) => {
    const away = messages.filter((message) => out?.messages.includes(message)).length
    if (out) out.givenUp += away
    drop(messages.length - away, why)
  }
  const spill = (): Promise<void> => {
    const messages = fresh
    fresh = []
    freshBytes = 0
    if (messages.length === 0) return work
    if (folder === undefined) {
      dropFresh(messages, 'the control plane is away, and there is no folder to keep them in')
      return work
    }
    const name = `${String(++number).padStart(12, '0')}.samples`
    return inOrder(async () => {
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
        dropFresh(messages, error instanceof Error ? error.message : String(error))
      }
    })
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
    if (out?.segment === oldest) out.givenUp += count
    else drop(count, why)
    return true
  }
  const forget = async (segment: Segment): Promise<void> => {
    segments = segments.filter((one) => one !== segment)
    if (folder !== undefined) await rm(join(folder, segment.name), { force: true })
  }
  const goOut = (segment: Segment | undefined, messages: readonly Uint8Array[]): OutgoingSamples => {
    const mine: Outgoing = { segment, messages, givenUp: 0 }
    const isBack = () => {
      if (out === mine) out = undefined
    }
    out = mine
    return {
      messages,
      sent: () =>
        inOrder(async () => {
          isBack()
          if (segment) return await forget(segment)
          fresh = fresh.filter((message) => !messages.includes(message))
          freshBytes = fresh.reduce((sum, { length }) => sum + length, 0)
        }),
      notSent: (unconfirmed) => {
        isBack()
        drop(
          Math.min(mine.givenUp, unconfirmed),
          'they were on their way when there was no room for them, and did not arrive',
        )
      },
    }
  }

  return {
    dropped: () => dropped,
    giveUpOldest: () => inOrder(() => dropOldest('the disk is full, and reports and events of jobs go first')),
    push: (message) => {
      fresh.push(message)
      freshBytes += message.length
      if (freshBytes > maxMemoryBytes) void spill()
    },
    next: () =>
      inOrder(async () => {
        const [segment] = segments
        if (segment && folder !== undefined) return goOut(segment, await readSegment(join(folder, segment.name)))
        return fresh.length === 0 ? undefined : goOut(undefined, [...fresh])
      }),
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
