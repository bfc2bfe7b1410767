import { readdirSync, readFileSync } from 'node:fs'
import { isName } from '@navarch/core/names'
import type { AutoscalerSpec, PoolSpec } from '@navarch/core/pool/pool-spec'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { configKeys } from './keys/config-keys.ts'
import { parseConfig } from './parse-config.ts'
import { formatProblem } from './problem.ts'
import type { Keys, Schema } from './schema/schema.ts'

const folder = new URL('../fixtures/', import.meta.url)
const documents = readdirSync(folder)
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => readFileSync(new URL(file, folder), 'utf8'))

/** Either a configuration that keeps its promises, or errors that point into the text. */
function expectSound(text: string): void {
  const parsed = parseConfig(text, { file: 'c.yaml', home: '/home/op' })
  const lines = text.split('\n').length
  if (parsed.errors) {
    expect(parsed.errors.length).toBeGreaterThan(0)
    for (const error of parsed.errors) {
      expect(error.line).toBeLessThanOrEqual(lines)
      expect(formatProblem(error)).toMatch(/^c\.yaml:[1-9]\d*:[1-9]\d*: [^\n]+$/)
    }
    return
  }
  const providers = new Set(parsed.config.providers.map((provider) => provider.name))
  for (const pool of parsed.config.pools) {
    expect(providers).toContain(pool.provider)
    expectSoundPool(pool)
  }
}

function expectSoundPool(pool: PoolSpec): void {
  expect(isName(pool.name)).toBe(true)
  expect(pool.minNodes).toBeLessThanOrEqual(pool.maxNodes)
  expect(pool.minNodes).toBeGreaterThanOrEqual(0)
  expect(pool.maxNodes).toBeGreaterThan(0)
  expect(pool.health.unhealthyThreshold).toBeGreaterThan(0)
  expect(pool.cooldownMs).toBeGreaterThanOrEqual(0)
  if (pool.autoscaler) expectSoundAutoscaler(pool.autoscaler)
}

function expectSoundAutoscaler(spec: AutoscalerSpec): void {
  if (spec.type === 'queue') expect(spec.jobsPerNode).toBeGreaterThan(0)
  if (spec.type === 'reactive') expect(spec.scaleDownThreshold).toBeLessThan(spec.scaleUpThreshold)
  if (spec.type === 'composite') {
    expect(spec.autoscalers.length).toBeGreaterThan(0)
    spec.autoscalers.forEach(expectSoundAutoscaler)
  }
}

const inserted = fc.oneof(
  fc.constantFrom(
    ':',
    '- ',
    '{',
    '}',
    '[',
    ']',
    '&a ',
    '*a',
    '<<: ',
    '!!int ',
    '|',
    '"',
    "'",
    '\t',
    '\n',
    '\r',
    '#',
    '{{',
    '}}',
  ),
  fc.constantFrom(
    'null',
    '-1',
    '0',
    '1e400',
    '0x10',
    '99999999999999999999',
    '.nan',
    '---\n',
    '__proto__',
    'true',
    '~',
  ),
  fc.string({ maxLength: 5, unit: 'binary' }),
)

const edit = fc.record({
  kind: fc.constantFrom('insert', 'delete', 'replace', 'drop-line', 'repeat-line', 'indent-line'),
  at: fc.nat(),
  length: fc.integer({ min: 1, max: 12 }),
  text: inserted,
})

function apply(
  text: string,
  { kind, at, length, text: extra }: { kind: string; at: number; length: number; text: string },
): string {
  if (kind.endsWith('line')) {
    const lines = text.split('\n')
    const index = at % lines.length
    const line = lines[index] ?? ''
    lines.splice(index, 1, ...(kind === 'drop-line' ? [] : kind === 'repeat-line' ? [line, line] : [` ${line}`]))
    return lines.join('\n')
  }
  const index = at % (text.length + 1)
  const rest = text.slice(index + (kind === 'insert' ? 0 : length))
  return text.slice(0, index) + (kind === 'delete' ? '' : extra) + rest
}

/** Documents made of the keys that exist, with values that mostly do not fit. */
function anyValue(schema: Schema<unknown>, depth: number): fc.Arbitrary<unknown> {
  const plain: fc.Arbitrary<unknown> = fc.constantFrom(
    ...[
      '30s',
      '0',
      'fake',
      'lambda',
      'static',
      'queue',
      'reactive',
      'a',
      'b',
      'http://h:1',
      'x y',
      0,
      1,
      5,
      -1,
      1.5,
      true,
      null,
    ],
  )
  const sections = depth > 0 ? (schema.sections?.() ?? []) : []
  const nested = sections.map((section) => {
    const value = anyObject(section.keys, depth - 1)
    if (section.suffix === '[]') return fc.array(value, { maxLength: 2 })
    if (section.suffix === '.<name>')
      return fc.dictionary(fc.constantFrom('fake', 'lambda', 'mine'), value, { maxKeys: 2 })
    return value
  })
  return nested.length > 0
    ? fc.oneof({ arbitrary: plain, weight: 1 }, ...nested.map((arbitrary) => ({ arbitrary, weight: 3 })))
    : plain
}

function anyObject(keys: Keys, depth: number): fc.Arbitrary<unknown> {
  const entries = Object.entries(keys).map(([name, key]): [string, fc.Arbitrary<unknown>] => [
    name,
    anyValue(key.schema, depth),
  ])
  return fc.record(Object.fromEntries(entries), { requiredKeys: [] })
}

describe('any text at all', () => {
  it('is a sound configuration or errors with places, when edits spoil a real one', () => {
    fc.assert(
      fc.property(fc.constantFrom(...documents), fc.array(edit, { minLength: 1, maxLength: 4 }), (document, edits) => {
        expectSound(edits.reduce(apply, document))
      }),
      { numRuns: 1000 },
    )
  })

  it('is a sound configuration or errors with places, when values do not fit their keys', () => {
    fc.assert(
      fc.property(anyObject(configKeys, 4), (document) => {
        expectSound(stringify(document))
      }),
      { numRuns: 500 },
    )
  })

  it('is a sound configuration or errors with places, when it is noise', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), expectSound))
  })
})
