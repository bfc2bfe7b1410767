import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bridgeMac, chooseHostAddress, chooseLabNumber, labNetwork, overlaps, parseNetwork } from './addresses.ts'

test('each lab has a bridge with a unicast hardware address of its own', () => {
  const all = Array.from({ length: 256 }, (_, n) => bridgeMac(n))
  expect(new Set(all).size).toBe(256)
  for (const mac of all) expect(mac).toMatch(/^02(:[0-9a-f]{2}){5}$/)
})

describe('networks', () => {
  test('are parsed with their host bits cleared', () => {
    expect(parseNetwork('10.0.0.5/8')).toEqual({ base: 10 * 2 ** 24, prefix: 8 })
    expect(parseNetwork('192.168.1.7')).toEqual({ base: 0xc0a80107, prefix: 32 })
  })

  test('are refused when they are not IPv4', () => {
    for (const text of ['default', 'fe80::1/64', '10.0.0.256', '10.0.0.0/33', '10.0.0'])
      expect(parseNetwork(text)).toBeUndefined()
  })

  test('overlap exactly when one holds the other', () => {
    const network = fc.record({
      address: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      prefix: fc.integer({ min: 0, max: 32 }),
    })
    const parse = ({ address, prefix }: { address: number; prefix: number }) =>
      parseNetwork(`${[24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.')}/${prefix}`)
    fc.assert(
      fc.property(network, network, (one, other) => {
        const [a, b] = [parse(one), parse(other)]
        if (!a || !b) throw new Error('both are IPv4')
        const shorter = Math.min(a.prefix, b.prefix)
        const cut = (base: number) => Math.floor(base / 2 ** (32 - shorter))
        expect(overlaps(a, b)).toBe(cut(a.base) === cut(b.base))
      }),
    )
  })
})

describe('a lab number', () => {
  test('is the least whose bridge and network are free', () => {
    expect(chooseLabNumber(new Set(), ['default', '127.0.0.1/8', '10.0.0.7/24'])).toBe(0)
    expect(chooseLabNumber(new Set(['nvlab0', 'eth0']), ['10.213.1.4/32', '10.213.2.0/23'])).toBe(4)
  })

  test('is not had where the site uses the whole range', () => {
    expect(chooseLabNumber(new Set(), ['10.0.0.0/8'])).toBeUndefined()
  })

  test('never overlaps a network in use', () => {
    const octet = fc.integer({ min: 0, max: 255 })
    fc.assert(
      fc.property(fc.array(fc.tuple(octet, fc.integer({ min: 16, max: 32 }))), (taken) => {
        const inUse = taken.map(([third, prefix]) => `10.213.${third}.9/${prefix}`)
        const n = chooseLabNumber(new Set(), inUse)
        if (n === undefined) return
        const chosen = parseNetwork(labNetwork(n).cidr)
        for (const text of inUse) {
          const network = parseNetwork(text)
          expect(chosen && network && overlaps(chosen, network)).toBe(false)
        }
      }),
    )
  })
})

test('a host gets the least free address above the bridge, until there is none', () => {
  expect(chooseHostAddress(3, new Set(['10.213.3.10', '10.213.3.12']))).toBe('10.213.3.11')
  const all = new Set(Array.from({ length: 101 }, (_, last) => `10.213.3.${last}`))
  expect(chooseHostAddress(3, all)).toBeUndefined()
})
