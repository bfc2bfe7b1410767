import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeWriteRequest, type MetricPoint } from './remote-write.ts'

const at = Date.UTC(2026, 0, 1)

describe('encodeWriteRequest', () => {
  it('writes series with sorted labels and their values by time', () => {
    const labels = { node: 'gpu-1', gpu: 'GPU-ü', Zone: 'a' }
    const decoded = decode(
      encodeWriteRequest([
        { name: 'navarch_gpu_power_watts', labels, value: 301.5, at: at + 15_000 },
        { name: 'up', labels: { job: '' }, value: 1, at },
        { name: 'navarch_gpu_power_watts', labels: { ...labels }, value: -0.25, at },
      ]),
    )
    expect(decoded).toEqual([
      {
        labels: [
          ['Zone', 'a'],
          ['__name__', 'navarch_gpu_power_watts'],
          ['gpu', 'GPU-ü'],
          ['node', 'gpu-1'],
        ],
        samples: [
          { value: -0.25, at },
          { value: 301.5, at: at + 15_000 },
        ],
      },
      { labels: [['__name__', 'up']], samples: [{ value: 1, at }] },
    ])
  })

  it("marks a series' end with Prometheus' own NaN", () => {
    const body = snappyUncompress(encodeWriteRequest([{ name: 'up', labels: {}, value: 'stale', at }]))
    expect(Buffer.from(body).toString('hex')).toContain('09020000000000f07f')
    expect(decode(encodeWriteRequest([{ name: 'up', labels: {}, value: 'stale', at }]))[0]?.samples[0]?.value).toBeNaN()
  })

  it('is empty for nothing', () => {
    expect(decode(encodeWriteRequest([]))).toEqual([])
  })

  it('writes whatever texts and numbers come, and a large request', () => {
    const point: fc.Arbitrary<MetricPoint> = fc.record({
      name: fc.constantFrom('a', 'b'),
      labels: fc.dictionary(
        fc.string({ minLength: 1, unit: 'binary' }).filter((name) => name !== '__name__'),
        fc.string({ unit: 'binary' }),
        {
          maxKeys: 4,
          noNullPrototype: true,
        },
      ),
      value: fc.double(),
      at: fc.nat(Number.MAX_SAFE_INTEGER),
    })
    fc.assert(
      fc.property(fc.array(point, { maxLength: 8 }), (points) => {
        const decoded = decode(encodeWriteRequest(points))
        const said = points.map((one) =>
          [...known(one.labels), ['__name__', one.name], one.at, one.value].map(String).sort().join('\n'),
        )
        const read = decoded.flatMap(({ labels, samples }) =>
          samples.map((one) => [...labels, one.at, one.value].map(String).sort().join('\n')),
        )
        expect(read.sort()).toEqual(said.sort())
        for (const { labels } of decoded)
          expect(labels.map(([name]) => name)).toEqual(labels.map(([name]) => name).toSorted())
      }),
    )
    const many = Array.from({ length: 5000 }, (_, index) => ({
      name: 'm',
      labels: { node: `gpu-${index}` },
      value: index,
      at,
    }))
    const body = encodeWriteRequest(many)
    expect(decode(body).map(({ samples }) => samples[0]?.value)).toEqual(many.map(({ value }) => value))
    expect(body.length).toBeLessThan(snappyUncompress(body).length / 2)
  })
})

function known(labels: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(labels).filter(([, value]) => value !== '')
}

interface Series {
  labels: [string, string][]
  samples: { value: number; at: number }[]
}

/** Reads a body by the specifications alone. */
function decode(body: Uint8Array): Series[] {
  return fields(snappyUncompress(body)).map(([, series]) => {
    const parts = fields(series)
    return {
      labels: parts
        .filter(([number]) => number === 1)
        .map(([, label]) => {
          const [name, value] = fields(label).map(([, text]) => Buffer.from(text).toString())
          return [name ?? '', value ?? '']
        }),
      samples: parts
        .filter(([number]) => number === 2)
        .map(([, sample]) => {
          expect(sample[0]).toBe(0x09)
          expect(sample[9]).toBe(0x10)
          return { value: Buffer.from(sample).readDoubleLE(1), at: varint(sample, 10).value }
        }),
    }
  })
}

/** The fields of a protobuf message that has length-delimited ones alone. */
function fields(bytes: Uint8Array): [number, Uint8Array][] {
  const found: [number, Uint8Array][] = []
  for (let at = 0; at < bytes.length; ) {
    const tag = varint(bytes, at)
    expect(tag.value & 7).toBe(2)
    const length = varint(bytes, tag.next)
    at = length.next + length.value
    expect(at).toBeLessThanOrEqual(bytes.length)
    found.push([tag.value >> 3, bytes.subarray(length.next, at)])
  }
  return found
}

function varint(bytes: Uint8Array, from: number): { value: number; next: number } {
  let value = 0n
  for (let at = from, shift = 0n; ; at++, shift += 7n) {
    const byte = bytes[at] ?? 0
    value |= BigInt(byte & 0x7f) << shift
    if (byte < 0x80) return { value: Number(value), next: at + 1 }
  }
}

/** Source: https://github.com/google/snappy/blob/main/format_description.txt */
function snappyUncompress(bytes: Uint8Array): Uint8Array {
  const length = varint(bytes, 0)
  const out: number[] = []
  const buffer = Buffer.from(bytes)
  const little = (at: number, count: number) => buffer.readUIntLE(at, count)
  for (let at = length.next; at < bytes.length; ) {
    const tag = bytes[at++] ?? 0
    const kind = tag & 3
    if (kind === 0) {
      const extra = Math.max(0, (tag >> 2) - 59)
      const size = (extra > 0 ? little(at, extra) : tag >> 2) + 1
      at += extra
      for (const byte of bytes.subarray(at, at + size)) out.push(byte)
      at += size
      continue
    }
    const width = [0, 1, 2, 4][kind] ?? 0
    const offset = little(at, width) + (kind === 1 ? (tag >> 5) << 8 : 0)
    const size = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1
    at += width
    for (let count = 0; count < size; count++) out.push(out[out.length - offset] ?? 0)
  }
  expect(out).toHaveLength(length.value)
  return Uint8Array.from(out)
}
