import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatListenAddress, parseListenAddress, parseNetwork } from './addresses.ts'

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

describe('networks', () => {
  it.each([
    ['10.0.0.0/8', { address: '10.0.0.0', family: 'ipv4', prefix: 8 }],
    ['192.0.2.7', { address: '192.0.2.7', family: 'ipv4', prefix: 32 }],
    ['fd00::/8', { address: 'fd00::', family: 'ipv6', prefix: 8 }],
    ['::1', { address: '::1', family: 'ipv6', prefix: 128 }],
  ])('%s', (text, expected) => {
    expect(parseNetwork(text)).toEqual(expected)
  })

  it.each(['', 'proxy', '10.0.0/8', '10.0.0.0/33', 'fd00::/129', '10.0.0.0/', '10.0.0.0/-1', 'fe80::1%eth0'])(
    'not %s',
    (text) => {
      expect(parseNetwork(text)).toBeUndefined()
    },
  )
})
