import { promisify } from 'node:util'
import { constants, crc32, deflateRaw, deflateRawSync } from 'node:zlib'

/** A long text that is served many times with a short end that is always another one. */
export interface PackedPage {
  text: string
  /** The whole with this end, in parts, as it is or as one gzip stream. */
  withTail(tail: string, gzip: boolean): Buffer[]
}

/** RFC 1952: deflate, no flags, no time, unknown system. */
const gzipHeader = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255])

/**
 * Compresses the text once: what deflate makes of it ends at a whole byte and does not end the stream, so that what follows
 * can be compressed alone and put behind it.
 */
export async function packPage(text: string): Promise<PackedPage> {
  const plain = Buffer.from(text)
  const packed = await promisify(deflateRaw)(plain, { level: 1, finishFlush: constants.Z_FULL_FLUSH })
  const crc = crc32(plain)
  return {
    text,
    withTail(tail, gzip) {
      const end = Buffer.from(tail)
      if (!gzip) return [plain, end]
      const trailer = Buffer.alloc(8)
      trailer.writeUInt32LE(crc32(end, crc), 0)
      trailer.writeUInt32LE((plain.length + end.length) % 2 ** 32, 4)
      return [gzipHeader, packed, deflateRawSync(end, { level: 1 }), trailer]
    },
  }
}
