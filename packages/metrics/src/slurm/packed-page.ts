import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { constants, crc32, createDeflateRaw, deflateRawSync, inflateRaw } from 'node:zlib'

/** A long text that is served many times with a short end that is always another one. It is kept compressed alone. */
export interface PackedPage {
  /** The text itself. */
  plain(): Promise<Buffer>
  /** The whole with this end, in parts, as it is or as one gzip stream. */
  withTail(tail: string, gzip: boolean): Promise<Buffer[]>
}

/** RFC 1952: deflate, no flags, no time, unknown system. */
const gzipHeader = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255])

/**
 * Compresses the text once, part by part as it comes: what deflate makes of it ends at a whole byte and does not end the
 * stream, so that what follows can be compressed alone and put behind it.
 */
export async function packPage(parts: Iterable<string> | AsyncIterable<string>): Promise<PackedPage> {
  const chunks: Buffer[] = []
  let crc = 0
  let length = 0
  async function* measured(): AsyncGenerator<Buffer> {
    for await (const text of parts) {
      const part = Buffer.from(text)
      crc = crc32(part, crc)
      length += part.length
      yield part
    }
  }
  const deflate = createDeflateRaw({ level: 1, finishFlush: constants.Z_FULL_FLUSH })
  await pipeline(measured, deflate, async (packing) => {
    for await (const chunk of packing) chunks.push(chunk)
  })
  const packed = Buffer.concat(chunks)
  const plain = () => promisify(inflateRaw)(packed, { finishFlush: constants.Z_SYNC_FLUSH })
  return {
    plain,
    async withTail(tail, gzip) {
      const end = Buffer.from(tail)
      if (!gzip) return [await plain(), end]
      const trailer = Buffer.alloc(8)
      trailer.writeUInt32LE(crc32(end, crc), 0)
      trailer.writeUInt32LE((length + end.length) % 2 ** 32, 4)
      return [gzipHeader, packed, deflateRawSync(end, { level: 1 }), trailer]
    },
  }
}
