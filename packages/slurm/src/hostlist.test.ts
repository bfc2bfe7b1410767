import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compressHosts, countHosts, expandHostlist } from './hostlist.ts'
import { SlurmParseError } from './slurm-error.ts'

const hostName = fc.stringMatching(/^[a-z]{1,3}(-|_|\.)?\d{0,4}([a-z]\d{0,3})?$/)

describe('expandHostlist', () => {
  it.each([
    ['n1', ['n1']],
    ['n[1-3]', ['n1', 'n2', 'n3']],
    ['n[01-03,07]', ['n01', 'n02', 'n03', 'n07']],
    ['n[9-11]', ['n9', 'n10', 'n11']],
    ['n[08-10]', ['n08', 'n09', 'n10']],
    ['a[1-2]b[3-4]', ['a1b3', 'a1b4', 'a2b3', 'a2b4']],
    ['rack[1-2]n[01-02]-ib0', ['rack1n01-ib0', 'rack1n02-ib0', 'rack2n01-ib0', 'rack2n02-ib0']],
    ['n1,n[3-4],login', ['n1', 'n3', 'n4', 'login']],
    [' n1, n2 ', ['n1', 'n2']],
    ['', []],
  ])('expands %j', (text, names) => {
    expect(expandHostlist(text)).toEqual(names)
    expect(countHosts(text)).toBe(names.length)
  })

  it.each([
    ['n[1-3', 1],
    ['n1]', 2],
    ['n[3-1]', 2],
    ['n[1,x]', 4],
    ['n[]', 2],
    ['ok,n[1-2-3]', 5],
  ])('points at what is wrong in %j', (text, position) => {
    expect(() => expandHostlist(text)).toThrow(SlurmParseError)
    try {
      expandHostlist(text)
    } catch (error) {
      expect(error).toMatchObject({ position })
    }
  })

  it('counts what it refuses to expand', () => {
    expect(countHosts('n[1-999999999]x[1-100]')).toBe(99_999_999_900)
    expect(() => expandHostlist('n[1-999999999]')).toThrow(/999999999 names, more than 1000000/)
    expect(() => expandHostlist('n[1-11]', 10)).toThrow(/11 names, more than 10/)
  })
})

describe('compressHosts', () => {
  it.each([
    [['n1', 'n2', 'n3'], 'n[1-3]'],
    [['n09', 'n10', 'n11'], 'n[09-11]'],
    [['n9', 'n10'], 'n[9-10]'],
    [['n1', 'n01'], 'n[1,01]'],
    [['a1', 'b1', 'a2'], 'a1,b1,a2'],
    [['rack1-01-ib0', 'rack1-02-ib0'], 'rack1-01-ib0,rack1-02-ib0'],
    [['n3', 'n1', 'n2'], 'n[3,1-2]'],
    [[], ''],
  ])('compresses %j', (names, text) => {
    expect(compressHosts(names)).toBe(text)
  })

  it('refuses what would be read back as something else', () => {
    for (const name of ['', 'a,b', 'n[1', 'a b']) expect(() => compressHosts([name])).toThrow(SlurmParseError)
  })

  it('gives back any names, in their order', () => {
    fc.assert(
      fc.property(fc.array(hostName, { maxLength: 30 }), (names) => {
        expect(expandHostlist(compressHosts(names))).toEqual(names)
      }),
    )
  })

  it('is shorter than the names for a run of them', () => {
    fc.assert(
      fc.property(
        fc.nat(5000),
        fc.integer({ min: 2, max: 200 }),
        fc.integer({ min: 1, max: 6 }),
        (first, count, width) => {
          const names = Array.from(
            { length: count },
            (_, index) => `gpu-node-${String(first + index).padStart(width, '0')}`,
          )
          const text = compressHosts(names)
          expect(text.match(/,/g) ?? []).toHaveLength(0)
          expect(expandHostlist(text)).toEqual(names)
        },
      ),
    )
  })
})

it('answers any text with names or a SlurmParseError', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z0-9[\],-]{0,20}$/)), (text) => {
      try {
        expect(expandHostlist(text, 10_000).length).toBe(countHosts(text))
      } catch (error) {
        expect(error).toBeInstanceOf(SlurmParseError)
      }
    }),
  )
})
