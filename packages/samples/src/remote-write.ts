import { compress } from 'snappyjs'
import { type ByteWriter, createByteWriter } from './bytes.ts'

/** One value of one series, to be sent to another engine. */
export interface MetricPoint {
  name: string
  /** Without `__name__`. An empty value is the same as no label. */
  labels: Readonly<Record<string, string>>
  /** `stale` says that the series ends here. */
  value: number | 'stale'
  /** ms since the epoch. */
  at: number
}

/** Headers that go with every body. Source: https://prometheus.io/docs/specs/prw/remote_write_spec/ */
export const remoteWriteHeaders = {
  'content-encoding': 'snappy',
  'content-type': 'application/x-protobuf',
  'x-prometheus-remote-write-version': '0.1.0',
} as const

/**
 * The body of a remote-write 1.0 request: a `prometheus.WriteRequest` in Snappy's block format. Values of one series are put together, by
 * time; labels are sorted by name.
 *
 * ```proto
 * message WriteRequest { repeated TimeSeries timeseries = 1; }
 * message TimeSeries   { repeated Label labels = 1; repeated Sample samples = 2; }
 * message Label        { string name = 1; string value = 2; }
 * message Sample       { double value = 1; int64 timestamp = 2; }
 * ```
 * Source: https://prometheus.io/docs/specs/prw/remote_write_spec/
 */
export function encodeWriteRequest(points: readonly MetricPoint[]): Uint8Array {
  const series = new Map<string, MetricPoint[]>()
  for (const point of points) {
    const key = seriesKey(point)
    const known = series.get(key)
    if (known) known.push(point)
    else series.set(key, [point])
  }
  const request = createByteWriter(points.length * 128)
  const scratch = createByteWriter()
  // The same few labels come with every series.
  const labels = new Map<string, Uint8Array>()
  for (const ofSeries of series.values()) {
    scratch.clear()
    writeSeries(scratch, ofSeries, labels)
    field(request, 1, scratch.written())
  }
  return compress(request.written())
}

/** The same text for the same series, whatever the order of its labels. */
export function seriesKey({ name, labels }: Pick<MetricPoint, 'name' | 'labels'>): string {
  return JSON.stringify(sortedLabels(name, labels))
}

function sortedLabels(name: string, labels: Readonly<Record<string, string>>): [string, string][] {
  const pairs: [string, string][] = [['__name__', name]]
  for (const label in labels) {
    const value = labels[label] ?? ''
    if (value !== '') pairs.push([label, value])
  }
  return pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
}

function writeSeries(writer: ByteWriter, points: readonly MetricPoint[], labels: Map<string, Uint8Array>): void {
  const [first] = points
  for (const [name, value] of first ? sortedLabels(first.name, first.labels) : []) {
    const key = `${name}\0${value}`
    const label = labels.get(key) ?? encodeLabel(name, value)
    labels.set(key, label)
    field(writer, 1, label)
  }
  for (const { value, at } of points.length > 1 ? points.toSorted((a, b) => a.at - b.at) : points) {
    const sample = createByteWriter(24)
    sample.byte(1 * 8 + wire.fixed64)
    sample.bytes(doubleBytes(value))
    sample.byte(2 * 8 + wire.varint)
    sample.varint(Math.max(0, Math.round(at)))
    field(writer, 2, sample.written())
  }
}

function encodeLabel(name: string, value: string): Uint8Array {
  const label = createByteWriter(name.length + value.length + 8)
  field(label, 1, Buffer.from(name))
  field(label, 2, Buffer.from(value))
  return label.written()
}

/** Wire types of protobuf. Source: https://protobuf.dev/programming-guides/encoding/#structure */
const wire = { varint: 0, fixed64: 1, bytes: 2 } as const

function field(writer: ByteWriter, number: number, bytes: Uint8Array): void {
  writer.byte(number * 8 + wire.bytes)
  writer.varint(bytes.length)
  writer.bytes(bytes)
}

/** The NaN by which Prometheus knows the end of a series. Source: prometheus/model/value/value.go, StaleNaN. */
const staleNaN = Buffer.from('020000000000f07f', 'hex')

function doubleBytes(value: number | 'stale'): Uint8Array {
  if (value === 'stale') return staleNaN
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(value)
  return bytes
}
