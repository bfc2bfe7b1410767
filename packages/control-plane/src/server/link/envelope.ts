/** A gRPC message on the wire cannot be taken; `code` says why. */
export class EnvelopeError extends Error {
  override name = 'EnvelopeError'
  readonly code: 'too_large' | 'compressed' | 'bad_flags'
  constructor(code: EnvelopeError['code'], message: string) {
    super(message)
    this.code = code
  }
}

/** Takes a stream apart into messages. Holds at most one unfinished message. */
export interface EnvelopeReader {
  /**
   * The messages that are whole after `chunk`, oldest first. They may share memory with the chunk.
   * @throws EnvelopeError; the reader must not be used after
   */
  push(chunk: Buffer): Buffer[]
  /** Bytes of the unfinished message. */
  unfinished(): number
}

const headerBytes = 5

/**
 * Reads gRPC's length-prefixed messages (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md): one byte
 * of flags, four of length. The length is judged before the bytes are kept.
 */
export function createEnvelopeReader(maxMessageBytes: number): EnvelopeReader {
  let parts: Buffer[] = []
  let held = 0
  return {
    unfinished: () => held,
    push(chunk) {
      parts.push(chunk)
      held += chunk.length
      const messages: Buffer[] = []
      for (;;) {
        const needed = bytesNeeded(parts, held, maxMessageBytes)
        if (held < needed) return messages
        const whole = parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts)
        messages.push(whole.subarray(headerBytes, needed))
        parts = held > needed ? [whole.subarray(needed)] : []
        held -= needed
      }
    },
  }
}

/** Bytes of the first message with its header, as far as it is known. */
function bytesNeeded(parts: Buffer[], held: number, maxMessageBytes: number): number {
  if (held < headerBytes) return headerBytes
  const header = firstBytes(parts)
  const flags = header.readUInt8(0)
  if (flags === 1)
    throw new EnvelopeError('compressed', 'compressed messages are not taken: send grpc-encoding identity')
  if (flags !== 0) throw new EnvelopeError('bad_flags', `this is no gRPC message: its first byte is ${flags}`)
  const length = header.readUInt32BE(1)
  if (length > maxMessageBytes) {
    throw new EnvelopeError(
      'too_large',
      `a message of ${length} bytes is larger than the ${maxMessageBytes} that are taken`,
    )
  }
  return headerBytes + length
}

function firstBytes(parts: Buffer[]): Buffer {
  const first = parts[0]
  return first && first.length >= headerBytes ? first : Buffer.concat(parts).subarray(0, headerBytes)
}

/** One message with its header, uncompressed. */
export function envelope(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(headerBytes + message.length)
  framed.writeUInt8(0, 0)
  framed.writeUInt32BE(message.length, 1)
  framed.set(message, headerBytes)
  return framed
}
