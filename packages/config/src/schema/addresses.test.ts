import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatListenAddress, parseListenAddress } from './addresses.ts'

describe('addresses to listen on', () => {
  it.each([
    [':50051', { host: '0.0.0.0', port: 50051 }],
    ['0.0.0.0:1', { host: '0.0.0.0', port: 1 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
    ['[::1]:65535', { host: '::1', port: 65535 }],
  ])('%s', (text, expected) => {
    expect(parseListenAddress(text)).toEqual(expected)
  })

  it.each(['50051', 'host', 'host:', ':65536', '::1:50051', 'http://host:1', 'a b:1'])('not %s', (text) => {
    expect(parseListenAddress(text)).toBeUndefined()
  })

  it('read back as they were formatted', () => {
    const host = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain())
    fc.assert(
      fc.property(host, fc.integer({ min: 0, max: 65535 }), (host, port) => {
        expect(parseListenAddress(formatListenAddress({ host, port }))).toEqual({ host, port })
      }),
    )
  })
})
