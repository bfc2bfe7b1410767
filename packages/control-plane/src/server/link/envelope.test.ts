import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createEnvelopeReader, EnvelopeError, envelope } from './envelope.ts'

const messages = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 })

describe('envelopes', () => {
  it('come out whole and in order however the stream is cut', () => {
    fc.assert(
      fc.property(messages, fc.array(fc.nat(40), { maxLength: 20 }), (sent, cuts) => {
        const stream = Buffer.concat(sent.map(envelope))
        const reader = createEnvelopeReader(100)
        const received: Buffer[] = []
        let at = 0
        for (const cut of [...cuts, stream.length]) {
          received.push(...reader.push(stream.subarray(at, at + cut)))
          at = Math.min(stream.length, at + cut)
        }
        received.push(...reader.push(stream.subarray(at)))
        expect(received.map((message) => [...message])).toEqual(sent.map((message) => [...message]))
        expect(reader.unfinished()).toBe(0)
      }),
    )
  })

  it('are refused by their length before their bytes are kept', () => {
    const reader = createEnvelopeReader(10)
    expect(() => reader.push(Buffer.from([0, 0, 0, 0, 11]))).toThrow(
      'a message of 11 bytes is larger than the 10 that are taken',
    )
  })

  it('never fail in any other way', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (noise) => {
        try {
          createEnvelopeReader(50).push(Buffer.from(noise))
        } catch (error) {
          expect(error).toBeInstanceOf(EnvelopeError)
        }
      }),
    )
  })
})
