import type { FleetNodeJson } from '@navarch/api/views'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { completeFilter } from './complete-filter.ts'
import { type FieldName, fieldNames, fieldOf } from './filter-fields.ts'
import { compileFilter, dependsOnTime } from './match-filter.ts'
import { type FilterTest, parseFilter } from './parse-filter.ts'
import { toggleWord, writeTest } from './write-filter.ts'

const now = Date.parse('2026-01-02T00:00:00Z')
const plain: FleetNodeJson = {
  id: 'train-007',
  pool: 'train',
  partitions: ['gpu', 'long'],
  rack: 'r07',
  switch: 'leaf2',
  type: 'gpu_8x_h100_sxm5',
  gpu_type: 'h100',
  gpus: 8,
  state: 'draining',
  owner: 'navarch',
  health: 'degraded',
  gpus_used: 4,
  gpu_percent: 55,
  gpu_memory_percent: 60,
  temperature: 84,
  power: 3000,
  cpu_percent: 20,
  memory_percent: null,
  jobs: ['812_3'],
  users: ['ana'],
  xids: [79],
  reason: 'navarch: XID 79: GPU has fallen off the bus',
  operation: 'op65',
  since: '2026-01-01T20:00:00Z',
  seen_at: null,
}
const fits = (text: string, change: Partial<FleetNodeJson> = {}) =>
  compileFilter(parseFilter(text))({ ...plain, ...change }, now)

describe('the filter language', () => {
  it('finds nodes that are unhealthy and take jobs by the legend’s word, and by their state', () => {
    const faulty = { state: 'busy', health: 'unhealthy' } as const
    expect([fits('state:faulty', faulty), fits('state:busy', faulty)]).toEqual([true, true])
    expect([fits('state:faulty', { ...faulty, state: 'down' }), fits('state:faulty', { state: 'busy' })]).toEqual([
      false,
      false,
    ])
  })

  it.each([
    ['', true],
    ['state:drain', true],
    ['state:drained', false],
    ['state:down,draining', true],
    ['gpu:h100 xid:79 pool:train user:ana temp>80 age<1d', true],
    ['rack:07', true],
    ['-rack:7', false],
    ['rack:r07', true],
    ['rack:8', false],
    ['node:train-*', true],
    ['node:*-00*', true],
    ['node:*8', false],
    ['partition:long', true],
    ['temp>84', false],
    ['temp>=84 util<=55', true],
    ['used:4 free=4', true],
    ['job:812', true],
    ['job:81', false],
    ['xid:*', true],
    ['op:*', true],
    ['reason:"fallen off"', true],
    ['reason:fallen,melted', true],
    ['age>4h', false],
    ['age>=4h', true],
    ['H100', true],
    ['"off the bus"', true],
    ['train -h100', false],
    ['mem:unknown', true],
    ['mem<50', false],
    ['mem>=50', false],
    ['seen<5m', false],
    ['seen:unknown', true],
    ['owner:person', false],
  ])('%s: %s', (text, wanted) => {
    expect(parseFilter(text).problems).toEqual([])
    expect(fits(text)).toBe(wanted)
  })

  it.each([
    ['stat:down', 'there is no field "stat"; did you mean state?'],
    ['poool:x', 'there is no field "poool"; did you mean pool?'],
    ['qqq:1', 'there is no field "qqq"'],
    ['state:broken', 'state is one of busy, mixed, idle, reserved, powering, draining, drained, down, unknown, faulty'],
    ['temp>hot', 'temp is a number, or unknown'],
    ['age<soon', 'age is a time such as 30s, 10m, 2h or 1d'],
    ['pool<train', 'pool is no number: write pool:train'],
    ['pool:', 'pool needs a value'],
    ['pool:a,', 'pool has an empty value'],
    ['reason:"fan', 'a quote is not closed'],
  ])('%s: %s', (text, message) => {
    const { problems, terms } = parseFilter(`idle ${text}`)
    expect(problems).toEqual([{ start: 5, end: 5 + text.length, message }])
    expect(terms).toHaveLength(1)
  })

  it('knows which filters change with time alone', () => {
    expect(dependsOnTime(parseFilter('state:idle temp>80'))).toBe(false)
    expect(dependsOnTime(parseFilter('-age<5m'))).toBe(true)
  })

  it('never throws, and each word is a term, a problem, or a minus alone', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
        const { terms, problems } = parseFilter(text)
        for (const { start, end } of [...terms, ...problems]) expect(text.slice(start, end)).not.toMatch(/^\s|^$/)
        expect(typeof compileFilter({ terms, problems })(plain, now)).toBe('boolean')
        expect(() => completeFilter(text, text.length, [plain])).not.toThrow()
      }),
    )
  })

  it('reads what it writes', () => {
    fc.assert(
      fc.property(anyTest, fc.boolean(), (test, isNegated) => {
        const read = parseFilter(writeTest(test, isNegated))
        expect(read.problems).toEqual([])
        expect(read.terms.map((term) => [term.test, term.isNegated])).toEqual([[test, isNegated]])
      }),
    )
  })

  it('has every node in a word or its opposite, never in both', () => {
    fc.assert(
      fc.property(anyTest, anyNode, (test, node) => {
        const holds = (isNegated: boolean) => compileFilter(parseFilter(writeTest(test, isNegated)))(node, now)
        expect(holds(true)).toBe(!holds(false))
      }),
    )
  })
})

describe('a word that is toggled', () => {
  it('is added at the end and taken out wherever it is', () => {
    expect(toggleWord('', 'state:down')).toBe('state:down')
    expect(toggleWord('h100 ', 'state:down')).toBe('h100 state:down')
    expect(toggleWord('h100 state:down  -rack:7', 'state:down')).toBe('h100 -rack:7')
  })
  it('twice changes nothing', () => {
    fc.assert(
      fc.property(anyTest, (test) => {
        const word = writeTest(test)
        expect(toggleWord(toggleWord('pool:nothere', word), word)).toBe('pool:nothere')
      }),
    )
  })
})

describe('what may be meant', () => {
  const labels = (text: string, cursor = text.length) =>
    completeFilter(text, cursor, [
      plain,
      { ...plain, pool: 'dev', users: ['bo jones'] },
      { ...plain, pool: 'dev' },
    ]).choices.map(({ label }) => label)
  it('is every field at first', () => expect(labels('')).toEqual(fieldNames))
  it('is a field by its beginning, also behind a minus', () => {
    expect(labels('te')).toEqual(['temp'])
    expect(labels('idle -po')).toEqual(['pool', 'power'])
  })
  it('is a value that nodes have, most nodes first', () => expect(labels('pool:')).toEqual(['dev', 'train']))
  it('is the part behind the last comma', () => {
    const text = 'pool:dev,tr h100'
    const completion = completeFilter(text, 11, [plain])
    expect(completion).toMatchObject({ start: 9, end: 11, choices: [{ insert: 'train ', about: '1 node' }] })
  })
  it('quotes what has blanks', () => {
    expect(completeFilter('user:bo', 7, [{ ...plain, users: ['bo jones'] }]).choices[0]?.insert).toBe('"bo jones" ')
  })
  it('has the states that no node is in too', () => expect(labels('state:dow')).toEqual(['down']))
})

const wordText = fc
  .string({ unit: fc.constantFrom(...'abzAZ019-_.*äß/ ,:'), minLength: 1, maxLength: 12 })
  .filter((text) => text.trim() !== '')
const ofKind = (kind: string) => fieldNames.filter((name) => fieldOf(name)?.kind === kind)
const anyTest: fc.Arbitrary<FilterTest> = fc.oneof(
  wordText.map((text) => ({ kind: 'free' as const, text })),
  fc.record({
    kind: fc.constant('text' as const),
    field: fc.constantFrom(...ofKind('text').filter((name) => !closed(name))),
    values: fc.array(wordText, { minLength: 1, maxLength: 3 }),
  }),
  fc.record({
    kind: fc.constant('text' as const),
    field: fc.constant('state' as const),
    values: fc.constantFrom(['down'], ['idle', 'busy']),
  }),
  fc.record({
    kind: fc.constant('compare' as const),
    field: fc.constantFrom(...ofKind('number'), ...ofKind('age')),
    sign: fc.constantFrom('=' as const, '<' as const, '>' as const, '<=' as const, '>=' as const),
    value: fc.nat({ max: 100_000 }),
  }),
  fc.record({ kind: fc.constant('not-known' as const), field: fc.constantFrom(...ofKind('number'), ...ofKind('age')) }),
)
const anyNode: fc.Arbitrary<FleetNodeJson> = fc
  .record({
    temperature: fc.option(fc.nat(100)),
    gpus_used: fc.option(fc.nat(8)),
    rack: fc.constantFrom('', 'r7', 'rack-12'),
    state: fc.constantFrom('idle' as const, 'down' as const, 'unknown' as const),
    users: fc.subarray(['ana', 'bo']),
    since: fc.option(fc.constantFrom('2026-01-01T23:59:00Z', '2025-01-01T00:00:00Z')),
  })
  .map((change) => ({ ...plain, ...change }))

function closed(name: FieldName): boolean {
  const field = fieldOf(name)
  return field?.kind === 'text' && field.choices !== undefined
}
