import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createEnvelopeDecoder, encodeEnvelope } from './envelope.ts'

describe('createEnvelopeDecoder', () => {
  it('gives back what was put in, however the bytes are cut', () => {
    const bytes = fc.uint8Array({ maxLength: 40 })
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 6 }), fc.integer({ min: 1, max: 20 }), (messages, size) => {
        const stream = Buffer.concat(messages.map(encodeEnvelope))
        const decode = createEnvelopeDecoder(1000)
        const decoded: Uint8Array[] = []
        for (let at = 0; at < stream.length; at += size) decoded.push(...decode(stream.subarray(at, at + size)))
        expect(decoded.map((one) => [...one])).toEqual(messages.map((one) => [...one]))
      }),
    )
  })

  it('refuses a message that is too long before it has arrived', () => {
    expect(() => [...createEnvelopeDecoder(10)(Buffer.from([0, 0, 0, 0, 11]))]).toThrow(/11 bytes, more than 10/)
  })

  it('refuses compression, which was not offered', () => {
    expect(() => [...createEnvelopeDecoder(10)(Buffer.from([1, 0, 0, 0, 0]))]).toThrow(/flags 1/)
  })
})
