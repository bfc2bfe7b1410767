/** gRPC's framing: one byte of flags, four of length, then the message. Source: gRPC over HTTP/2, "Length-Prefixed-Message". */
export const envelopeBytes = 5

/** A frame that we cannot take: compressed, which we did not offer, or larger than agreed. */
export class EnvelopeError extends Error {
  override name = 'EnvelopeError'
  readonly code = 'envelope'
}

/** Puts a message into its envelope. */
export function encodeEnvelope(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(envelopeBytes + message.length)
  frame.writeUInt8(0, 0)
  frame.writeUInt32BE(message.length, 1)
  frame.set(message, envelopeBytes)
  return frame
}

/**
 * Takes chunks as they arrive and gives the messages that are complete, one by one: those before a broken frame too.
 * @param maxBytes no message may be longer
 * @throws EnvelopeError from the messages' iterator, after which the decoder must not be used again
 */
export function createEnvelopeDecoder(maxBytes: number): (chunk: Uint8Array) => Iterable<Buffer> {
  let rest: Buffer = Buffer.alloc(0)
  return function* (chunk) {
    let data: Buffer = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk])
    while (data.length >= envelopeBytes) {
      if (data[0] !== 0) throw new EnvelopeError(`message with flags ${data[0]}, which were not agreed on`)
      const length = data.readUInt32BE(1)
      if (length > maxBytes) throw new EnvelopeError(`message of ${length} bytes, more than ${maxBytes}`)
      if (data.length < envelopeBytes + length) break
      yield data.subarray(envelopeBytes, envelopeBytes + length)
      data = data.subarray(envelopeBytes + length)
    }
    rest = data
  }
}
