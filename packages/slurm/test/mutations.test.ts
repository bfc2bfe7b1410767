import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseConfig } from '../src/config-record.ts'
import { parseDiag } from '../src/diag-record.ts'
import { parseJobs } from '../src/job-record.ts'
import { parseDiagJson } from '../src/json/json-diag.ts'
import { parseJobsJson } from '../src/json/json-jobs.ts'
import { parseNodesJson } from '../src/json/json-nodes.ts'
import { parsePartitionsJson } from '../src/json/json-partitions.ts'
import { formatKeyValueRecords, parseKeyValueRecords } from '../src/key-value.ts'
import { nodeFreeText, parseNodes } from '../src/node-record.ts'
import { parsePartitions } from '../src/partition-record.ts'
import { parseReservations } from '../src/reservation-record.ts'
import { SlurmError, SlurmParseError } from '../src/slurm-error.ts'
import { capture, type Release, releases } from './captures.ts'

const parsers: readonly (readonly [string, (text: string) => unknown])[] = [
  ['show-nodes-all.txt', parseNodes],
  ['show-nodes-long.txt', parseNodes],
  ['show-jobs.txt', parseJobs],
  ['show-jobs-detail.txt', parseJobs],
  ['show-partitions.txt', parsePartitions],
  ['show-reservations.txt', parseReservations],
  ['show-config.txt', parseConfig],
  ['sdiag.txt', parseDiag],
]

/** Cuts, doubles or replaces a piece of the text. */
const damage = (text: string) =>
  fc
    .tuple(
      fc.nat(text.length),
      fc.nat(60),
      fc.oneof(fc.string({ maxLength: 8 }), fc.constant('\n'), fc.constant(' Reason=')),
    )
    .map(([at, length, piece]) => text.slice(0, at) + piece + text.slice(at + length))

describe.each(['22.05', '26.05'] satisfies Release[])('damaged captures of %s', (release) => {
  it.each(parsers)('%s gives records or a SlurmParseError', (name, parse) => {
    fc.assert(
      fc.property(damage(capture(release, name)), (text) => {
        try {
          expect(parse(text)).toBeDefined()
        } catch (error) {
          expect(error).toBeInstanceOf(SlurmParseError)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('never loses a character between keys', () => {
    fc.assert(
      fc.property(damage(capture(release, 'show-nodes-all.txt')), (text) => {
        if (!text.startsWith('NodeName=')) return
        expect(formatKeyValueRecords(parseKeyValueRecords(text, 'NodeName', nodeFreeText))).toBe(text)
      }),
      { numRuns: 60 },
    )
  })
})

describe('damaged JSON', () => {
  const jsonParsers: readonly (readonly [Release, string, (text: string) => unknown])[] = [
    ['22.05', 'slurmrestd-v0.0.38-nodes.json', parseNodesJson],
    ['26.05', 'slurmrestd-v0.0.45-nodes.json', parseNodesJson],
    ['22.05', 'slurmrestd-v0.0.38-jobs.json', parseJobsJson],
    ['26.05', 'slurmrestd-v0.0.45-partitions.json', parsePartitionsJson],
    ['26.05', 'slurmrestd-v0.0.45-diag.json', parseDiagJson],
  ]
  /** Replaces one value somewhere in a document by one of another type. */
  const replaceSome = (text: string) =>
    fc.tuple(fc.nat(400), fc.constantFrom<unknown>(null, 'x', -1, [], {}, [1], true)).map(([index, value]) => {
      let left = index
      return JSON.stringify(JSON.parse(text), (key, old: unknown) => (key !== '' && left-- === 0 ? value : old))
    })

  it.each(jsonParsers)('%s %s gives records or a typed error', (release, name, parse) => {
    const text = capture(release, name)
    fc.assert(
      fc.property(fc.oneof(replaceSome(text), damage(text)), (damaged) => {
        try {
          expect(parse(damaged)).toBeDefined()
        } catch (error) {
          expect(error instanceof SlurmParseError || error instanceof SlurmError, String(error)).toBe(true)
        }
      }),
      { numRuns: 60 },
    )
  })
})

it('covers the oldest and the newest release', () => {
  expect([releases[0], releases.at(-1)]).toEqual(['22.05', '26.05'])
})
