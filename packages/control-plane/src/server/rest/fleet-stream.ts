import { once } from 'node:events'
import { constants, createGzip } from 'node:zlib'
import type { FleetFeed, LiveMessage } from '../../services/views/fleet-feed.ts'

const encoder = new TextEncoder()

/**
 * The fleet's changes as server-sent events. `id` is the fleet's revision, with which a client resumes (`after`, or
 * `Last-Event-ID`). Nothing is queued for a client: what it is sent is made when it has room for it, from what it has.
 * @param gzip whether the client takes it
 */
export function fleetStream(
  feed: FleetFeed,
  after: number | undefined,
  { signal: shutdown, gzip }: { signal: AbortSignal; gzip: boolean },
): Response {
  const cancelled = new AbortController()
  const signal = AbortSignal.any([shutdown, cancelled.signal])
  const following = feed.follow(after, signal)
  const pack = gzip
    ? createPacker()
    : { pack: async (text: string) => encoder.encode(text), end: async () => undefined }
  const body = new ReadableStream<Uint8Array>(
    {
      start: async (controller) => controller.enqueue(await pack.pack(': fleet\n\n')),
      async pull(controller) {
        const next = await following.next()
        if (!next.done) return controller.enqueue(await pack.pack(messageText(next.value)))
        const rest = await pack.end()
        if (rest && rest.length > 0) controller.enqueue(rest)
        controller.close()
      },
      cancel() {
        cancelled.abort()
        // Between two messages nothing else would end it.
        void following.return()
        void pack.end()
      },
    },
    { highWaterMark: 1 },
  )
  const headers = {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    vary: 'accept-encoding',
    ...(gzip && { 'content-encoding': 'gzip' }),
  }
  return new Response(body, { headers })
}

function messageText({ kind, text, revision }: LiveMessage): string {
  return `${revision === undefined ? '' : `id: ${revision}\n`}event: ${kind}\ndata: ${text}\n\n`
}

/** Compresses message by message: each can be read as soon as it has come. */
function createPacker() {
  const gzip = createGzip({ level: 4, memLevel: 7 })
  let chunks: Uint8Array[] = []
  gzip.on('data', (chunk: Uint8Array) => chunks.push(chunk))
  const take = (): Uint8Array => {
    const all = Buffer.concat(chunks)
    chunks = []
    return all
  }
  return {
    async pack(text: string): Promise<Uint8Array> {
      gzip.write(text)
      await new Promise<void>((resolve) => gzip.flush(constants.Z_SYNC_FLUSH, resolve))
      return take()
    },
    async end(): Promise<Uint8Array | undefined> {
      if (gzip.writableEnded) return undefined
      const ended = once(gzip, 'end')
      gzip.end()
      await ended
      return take()
    },
  }
}
