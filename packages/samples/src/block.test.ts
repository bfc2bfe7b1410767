import { crc32, zstdDecompressSync } from 'node:zlib'
import { gpuColumns, hostColumns, type JobSample } from '@navarch/core/job/sample-columns'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { countValues, trainingSamples } from '../test/training-samples.ts'
import { blockLimits, packBlock, unpackBlock } from './block.ts'
import { BlockError, type ByteWriter, createByteWriter } from './bytes.ts'
import { writeIntegers } from './integer-column.ts'

const nan = Number.NaN

/** Values that a column can hold exactly, and those that are unknown. */
const column = (step: number) =>
  fc.oneof(
    fc.constant(nan),
    fc.integer({ min: -1000, max: 1000 }).map((value) => scaled(value, step)),
    fc.maxSafeInteger().map((value) => scaled(Math.trunc(value / 1024), step)),
  )
const scaled = (value: number, step: number) => (step >= 1 ? value * step : value / Math.round(1 / step))
const row = (columns: readonly { step: number }[]) =>
  fc
    .tuple(fc.tuple(...columns.map(({ step }) => column(step))), fc.nat(columns.length))
    .map(([values, width]) => values.slice(0, width))
const sample: fc.Arbitrary<JobSample> = fc.record({
  at: fc.nat(1e13),
  host: row(hostColumns),
  gpus: fc.uniqueArray(fc.record({ uuid: fc.constantFrom('GPU-1', 'GPU-2', 'MIG-ü', ''), values: row(gpuColumns) }), {
    selector: ({ uuid }) => uuid,
  }),
})
const samples = fc.array(sample, { maxLength: 40 })

/** What a sample says: without unknown values at the end and GPUs that say nothing, GPUs by name. */
function said({ at, host, gpus }: JobSample) {
  const trim = (values: readonly number[]) =>
    values.slice(0, values.findLastIndex(Number.isFinite) + 1).map((value) => value + 0)
  const known = gpus.map(({ uuid, values }) => [uuid, trim(values)] as const).filter(([, values]) => values.length > 0)
  return { at, host: trim(host), gpus: Object.fromEntries(known) }
}

describe('a block', () => {
  it('gives back what was packed, unknown values included', () => {
    const packed: JobSample[] = [
      { at: 1000, host: [1.5, nan, 4096], gpus: [{ uuid: 'GPU-1', values: [97, nan, 300.1] }] },
      { at: 2003, host: [2.5], gpus: [] },
      {
        at: 3001,
        host: [],
        gpus: [
          { uuid: 'GPU-2', values: [nan, 1_048_576] },
          { uuid: 'GPU-1', values: [0] },
        ],
      },
    ]
    expect(unpackBlock(packBlock(packed))).toEqual([
      packed[0],
      packed[1],
      {
        at: 3001,
        host: [],
        gpus: [
          { uuid: 'GPU-1', values: [0] },
          { uuid: 'GPU-2', values: [nan, 1_048_576] },
        ],
      },
    ])
    expect(unpackBlock(packBlock([]))).toEqual([])
  })

  it('gives back whatever was packed', () => {
    fc.assert(
      fc.property(samples, (all) => {
        expect(unpackBlock(packBlock(all)).map(said)).toEqual(all.map(said))
      }),
    )
  })

  it("is exact to half of each column's step", () => {
    const all = trainingSamples({ samples: 60 })
    const columns = (one: JobSample) => [
      ...one.host.map((value, at) => ({ value, step: hostColumns[at]?.step ?? 0 })),
      ...one.gpus.flatMap(({ values }) => values.map((value, at) => ({ value, step: gpuColumns[at]?.step ?? 0 }))),
    ]
    const unpacked = unpackBlock(packBlock(all)).flatMap(columns)
    const expected = all.flatMap(columns)
    expect(unpacked).toHaveLength(expected.length)
    for (const [at, { value, step }] of expected.entries()) {
      expect(Math.abs((unpacked[at]?.value ?? nan) - value)).toBeLessThanOrEqual(step * 0.5001)
    }
  })

  it('keeps the largest counters exactly, and calls unknown what no double can hold', () => {
    const largest = Number.MAX_SAFE_INTEGER
    const reads = [largest, -largest, largest, Number.POSITIVE_INFINITY, 2 ** 60]
    const unpacked = unpackBlock(packBlock(reads.map((value, at) => ({ at, host: [nan, nan, nan, value], gpus: [] }))))
    expect(unpacked.map(({ host }) => host[3])).toEqual([largest, -largest, largest, undefined, undefined])
  })

  it.each([
    [40, 1.1],
    [240, 0.9],
  ])('of %i readings of 8 GPUs takes at most %f bytes a value', (count, most) => {
    const all = trainingSamples({ samples: count })
    expect(packBlock(all).length / countValues(all)).toBeLessThan(most)
  })

  it('costs next to nothing for columns that are never known', () => {
    const values = [nan, nan, nan, nan, nan, nan, nan, 5]
    const all = Array.from({ length: 240 }, (_, at) => ({
      at: at * 15_000,
      host: [],
      gpus: [{ uuid: 'GPU-1', values }],
    }))
    expect(packBlock(all).length).toBeLessThan(70)
  })

  it('refuses more than it can hold, and times that are none', () => {
    const one: JobSample = { at: 0, host: [1], gpus: [] }
    expect(codeOf(() => packBlock(new Array(blockLimits.samples + 1).fill(one)))).toBe('too-large')
    expect(codeOf(() => packBlock([{ ...one, at: 0.5 }]))).toBe('damaged')
  })
})

/** Version 1 as it was first written; what is on disk must stay readable. */
const firstBlock = 'AQCV90w5AgGw6gGAoNXt7mYABgEBBAIAAAAAAAIBAAoAAQVHUFUtMQECAgASAA=='

describe('a block of another version', () => {
  it('of the first release is still read', () => {
    expect(unpackBlock(Buffer.from(firstBlock, 'base64'))).toEqual(firstSamples)
  })

  it('with fewer columns leaves the new ones unknown, and with more of them passes over what it does not know', () => {
    const width = hostColumns.length + 2
    const more = sealed((writer) => {
      writer.varint(2)
      writeIntegers(writer, Float64Array.of(1000, 2000))
      writer.varint(width)
      for (let at = 0; at < width; at++) {
        const some = at === 0 || at === width - 1
        writer.byte(some ? 1 : 0)
        if (some) writeIntegers(writer, Float64Array.of(7, 8))
      }
      writer.varint(0)
      writer.varint(0)
    })
    expect(unpackBlock(more)).toEqual([
      { at: 1000, host: [0.007], gpus: [] },
      { at: 2000, host: [0.008], gpus: [] },
    ])
  })

  it('that is newer is refused by its number', () => {
    const block = packBlock([])
    block[0] = 9
    expect(() => unpackBlock(block)).toThrow('sample block: has format 9, and 1 is known')
  })
})

describe('damaged bytes', () => {
  it('are refused with what is wrong', () => {
    const block = packBlock(trainingSamples({ samples: 4 }))
    expect(codeOf(() => unpackBlock(block.subarray(0, 3)))).toBe('truncated')
    expect(codeOf(() => unpackBlock(block.subarray(0, -1)))).toBe('checksum')
    const announces = sealed((writer) => writer.varint(blockLimits.samples + 1))
    expect(codeOf(() => unpackBlock(announces))).toBe('too-large')
    expect(codeOf(() => unpackBlock(sealed((writer) => writer.bytes(Uint8Array.of(0, 0)))))).toBe('damaged')
    expect(codeOf(() => unpackBlock(sealed(() => {})))).toBe('truncated')
  })

  it('never pass for good ones', () => {
    const block = packBlock(trainingSamples({ samples: 6, gpus: 2 }))
    fc.assert(
      fc.property(fc.nat(block.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const damaged = Uint8Array.from(block)
        damaged[at] = (damaged[at] ?? 0) ^ change
        expect(codeOf(() => unpackBlock(damaged))).toBeDefined()
      }),
    )
  })

  it('under a good checksum give samples within the limits, or a BlockError', () => {
    const good = payload(trainingSamples({ samples: 9, gpus: 2 }))
    const change = fc.record({ at: fc.nat(good.length - 1), bytes: fc.uint8Array({ maxLength: 6 }), gone: fc.nat(9) })
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        let bytes = good
        for (const { at, bytes: news, gone } of changes) {
          bytes = Buffer.concat([bytes.subarray(0, at), news, bytes.subarray(at + gone)])
        }
        expectSamplesOrError(() => unpackBlock(sealed((writer) => writer.bytes(bytes))))
      }),
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) =>
        expectSamplesOrError(() => unpackBlock(sealed((writer) => writer.bytes(bytes)))),
      ),
    )
  })

  it('that would unpack to more than any block do not', () => {
    const all = Array.from({ length: 200 }, (_, at) => ({ at, host: [at], gpus: [] }))
    const block = packBlock(all)
    expect(block[1]).toBe(1)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(block.length - 7), (bytes, at) => {
        const packed = Uint8Array.from(block.subarray(6))
        packed.set(bytes.subarray(0, packed.length - at), at)
        expectSamplesOrError(() => unpackBlock(seal(packed, 1)))
      }),
    )
  })
})

const firstSamples: JobSample[] = [
  { at: 1_767_225_600_000, host: [0.001, nan, nan, nan, nan, 0.005], gpus: [] },
  { at: 1_767_225_615_000, host: [0.003], gpus: [{ uuid: 'GPU-1', values: [9] }] },
]

function expectSamplesOrError(unpack: () => JobSample[]): void {
  try {
    const unpacked = unpack()
    expect(unpacked.length).toBeLessThanOrEqual(blockLimits.samples)
    for (const { at, host, gpus } of unpacked) {
      expect(Number.isSafeInteger(at)).toBe(true)
      expect(host.length).toBeLessThanOrEqual(hostColumns.length)
      for (const { values } of gpus) expect(values.length).toBeLessThanOrEqual(gpuColumns.length)
    }
  } catch (error) {
    expect(error).toBeInstanceOf(BlockError)
  }
}

function codeOf(action: () => unknown): string | undefined {
  try {
    action()
    return undefined
  } catch (error) {
    if (!(error instanceof BlockError)) throw error
    return error.code
  }
}

function payload(all: readonly JobSample[]): Uint8Array {
  const block = packBlock(all)
  if (block[1] === 0) return block.subarray(6)
  return zstdDecompressSync(block.subarray(6))
}

/** A block of a payload, with a good checksum. */
function sealed(write: (writer: ByteWriter) => void): Uint8Array {
  const writer = createByteWriter()
  write(writer)
  return seal(writer.written(), 0)
}

function seal(packed: Uint8Array, encoding: number): Uint8Array {
  const header = Buffer.alloc(6)
  header[0] = 1
  header[1] = encoding
  header.writeUInt32BE(crc32(packed), 2)
  return Buffer.concat([header, packed])
}
