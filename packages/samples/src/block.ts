import { constants, crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { gpuColumns, hostColumns, type JobSample, type SampleColumn } from '@navarch/core/job/sample-columns'
import { BlockError, type ByteReader, type ByteWriter, createByteReader, createByteWriter } from './bytes.ts'
import { readIntegers, writeIntegers } from './integer-column.ts'

/** What one block can hold. Reading holds to it too, so that damaged bytes take no more time or memory than good ones. */
export const blockLimits = { samples: 16_384, gpus: 256, columns: 64, unpackedBytes: 16 * 1024 * 1024 } as const

/*
 * A block: version (1 byte), encoding (1 byte: plain or zstd), CRC-32 of the payload (4 bytes, big-endian), the payload.
 * The payload, with numbers as varints:
 *
 *   count                         of samples; nothing follows when it is 0
 *   times                         as integers, ms
 *   host columns                  how many, then each
 *   GPUs                          how many, the name of each (length, UTF-8); how many columns, then column after column, each of all GPUs
 *
 * A column: how it is filled (`fill`), for `some` a bit for each sample, then the values that are there as integers of the column's step.
 * Columns have their places as names: what a block lacks is unknown, what it has beyond our columns is passed over.
 */
const version = 1
const headerBytes = 6
const encodings = { plain: 0, zstd: 1 } as const
const fill = { none: 0, all: 1, some: 2, likeTheOneBefore: 3 } as const

/** By measurement: higher levels take many times as long for 1 % less (`bench/samples.ts`). */
const zstdLevel = 3

/**
 * Packs readings of one run on one node. Values are exact to half of their column's step; NaN, infinities and what is over 2^53 steps are
 * unknown. A GPU without a known value is as if it were not there.
 * @param samples oldest first
 * @throws BlockError `too-large` over `blockLimits`; `damaged` for a time that is no whole number of ms
 */
export function packBlock(samples: readonly JobSample[]): Uint8Array {
  const payload = payloadOf(samples)
  const squeezed = zstdCompressSync(payload, {
    params: { [constants.ZSTD_c_compressionLevel]: zstdLevel },
    pledgedSrcSize: payload.length,
  })
  const smaller = squeezed.length < payload.length
  const packed = smaller ? squeezed : payload
  const block = new Uint8Array(headerBytes + packed.length)
  block[0] = version
  block[1] = smaller ? encodings.zstd : encodings.plain
  new DataView(block.buffer).setUint32(2, crc32(packed))
  block.set(packed, headerBytes)
  return block
}

/**
 * Unpacks what `packBlock` packed, in the same order. Lists of values end with their last known column.
 * @throws BlockError
 */
export function unpackBlock(block: Uint8Array): JobSample[] {
  if (block.length < headerBytes) {
    throw new BlockError('truncated', `has ${block.length} bytes, and its header alone has ${headerBytes}`)
  }
  if (block[0] !== version) throw new BlockError('version', `has format ${block[0]}, and ${version} is known`)
  const packed = block.subarray(headerBytes)
  const checksum = new DataView(block.buffer, block.byteOffset).getUint32(2)
  if (crc32(packed) !== checksum) throw new BlockError('checksum', `its ${packed.length} bytes have changed`)
  const reader = createByteReader(payloadFrom(packed, block[1]))
  const samples = readPayload(reader)
  if (reader.left() > 0) throw new BlockError('damaged', `${reader.left()} bytes are left over`)
  return samples
}

function payloadFrom(packed: Uint8Array, encoding: number | undefined): Uint8Array {
  if (encoding === encodings.plain) return packed
  if (encoding !== encodings.zstd) throw new BlockError('version', `has encoding ${encoding}, which is not known`)
  try {
    return zstdDecompressSync(packed, { maxOutputLength: blockLimits.unpackedBytes })
  } catch (error) {
    throw new BlockError('damaged', error instanceof Error ? error.message : String(error))
  }
}

function payloadOf(samples: readonly JobSample[]): Uint8Array {
  const writer = createByteWriter(64 + samples.length * 64)
  limit('samples', samples.length)
  writer.varint(samples.length)
  if (samples.length === 0) return writer.written()
  writeIntegers(writer, Float64Array.from(samples, timeOf))

  const hosts = samples.map(({ host }) => host)
  const hostWidth = widthOf(hosts, hostColumns.length)
  writer.varint(hostWidth)
  const scratch: Scratch = {
    values: new Float64Array(samples.length),
    bits: new Uint8Array(Math.ceil(samples.length / 8)),
  }
  for (let column = 0; column < hostWidth; column++) {
    writeColumn(writer, hosts, column, stepOf(hostColumns, column), scratch)
  }

  const gpus = gpusOf(samples)
  limit('gpus', gpus.size)
  writer.varint(gpus.size)
  for (const uuid of gpus.keys()) {
    const name = Buffer.from(uuid)
    writer.varint(name.length)
    writer.bytes(name)
  }
  const rows = [...gpus.values()]
  const gpuWidth = rows.reduce((width, row) => Math.max(width, widthOf(row, gpuColumns.length)), 0)
  writer.varint(gpuWidth)
  // All GPUs' values of a column lie together: what is alike compresses well.
  for (let column = 0; column < gpuWidth; column++) {
    for (const row of rows) writeColumn(writer, row, column, stepOf(gpuColumns, column), scratch)
  }
  return writer.written()
}

/** By name, a list of values for each sample. */
function gpusOf(samples: readonly JobSample[]): Map<string, (readonly number[])[]> {
  const gpus = new Map<string, (readonly number[])[]>()
  samples.forEach((sample, at) => {
    for (const { uuid, values } of sample.gpus) {
      if (!values.some(Number.isFinite)) continue
      let row = gpus.get(uuid)
      if (!row) {
        row = samples.map(() => [])
        gpus.set(uuid, row)
      }
      row[at] = values
    }
  })
  return gpus
}

/** Room for one column after the other. */
interface Scratch {
  values: Float64Array
  /** Which samples have the column, a bit each. */
  bits: Uint8Array
  /** The same of the last column that only some had. */
  before?: Uint8Array
}

function writeColumn(
  writer: ByteWriter,
  rows: readonly (readonly number[])[],
  column: number,
  step: number,
  scratch: Scratch,
): void {
  const { values, bits, before } = scratch
  bits.fill(0)
  let known = 0
  for (let at = 0; at < rows.length; at++) {
    const value = Math.round((rows[at]?.[column] ?? Number.NaN) / step)
    if (!Number.isSafeInteger(value)) continue
    values[known++] = value
    bits[at >> 3] = (bits[at >> 3] ?? 0) | (1 << (at & 7))
  }
  if (known === 0) writer.byte(fill.none)
  else if (known === rows.length) writer.byte(fill.all)
  else if (before && Buffer.compare(before, bits) === 0) writer.byte(fill.likeTheOneBefore)
  else {
    writer.byte(fill.some)
    writer.bytes(bits)
    scratch.before = bits.slice()
  }
  if (known > 0) writeIntegers(writer, values, known)
}

function readPayload(reader: ByteReader): JobSample[] {
  const count = limit('samples', reader.varint())
  if (count === 0) return []
  const times = readIntegers(reader, count)
  const hosts = Array.from(times, (): number[] => [])
  let before: Uint8Array | undefined
  const hostWidth = limit('columns', reader.varint())
  for (let column = 0; column < hostWidth; column++) before = readColumn(reader, hosts, column, hostColumns, before)

  const names: string[] = []
  const gpuCount = limit('gpus', reader.varint())
  for (let gpu = 0; gpu < gpuCount; gpu++) names.push(Buffer.from(reader.bytes(reader.varint())).toString())
  const rows = names.map(() => Array.from(times, (): number[] => []))
  const gpuWidth = limit('columns', reader.varint())
  for (let column = 0; column < gpuWidth; column++) {
    for (const row of rows) before = readColumn(reader, row, column, gpuColumns, before)
  }
  return Array.from(times, (at, index) => ({
    at,
    host: hosts[index] ?? [],
    gpus: names.flatMap((uuid, gpu) => {
      const values = rows[gpu]?.[index] ?? []
      return values.length > 0 ? [{ uuid, values }] : []
    }),
  }))
}

function readColumn(
  reader: ByteReader,
  rows: readonly number[][],
  column: number,
  columns: readonly SampleColumn[],
  before: Uint8Array | undefined,
): Uint8Array | undefined {
  const filled = reader.byte()
  if (filled === fill.none) return before
  if (filled > fill.likeTheOneBefore || (filled === fill.likeTheOneBefore && !before)) {
    throw new BlockError('damaged', `column ${column} is filled in a way (${filled}) that cannot be`)
  }
  const bits = filled === fill.some ? reader.bytes(Math.ceil(rows.length / 8)) : before
  const has = (at: number) => filled === fill.all || ((bits?.[at >> 3] ?? 0) & (1 << (at & 7))) !== 0
  let known = 0
  for (let at = 0; at < rows.length; at++) if (has(at)) known++
  if (known === 0) throw new BlockError('damaged', `column ${column} announces values and has none`)
  const integers = readIntegers(reader, known)
  if (column < columns.length) {
    const step = stepOf(columns, column)
    let next = 0
    for (let at = 0; at < rows.length; at++) {
      const row = rows[at]
      if (!row || !has(at)) continue
      while (row.length < column) row.push(Number.NaN)
      row.push(scaled(integers[next++] ?? Number.NaN, step))
    }
  }
  return filled === fill.all ? before : bits
}

/** 0.1 × 3 is 0.30000000000000004; 3 / 10 is 0.3. */
function scaled(value: number, step: number): number {
  return step >= 1 ? value * step : value / Math.round(1 / step)
}

function stepOf(columns: readonly SampleColumn[], column: number): number {
  return columns[column]?.step ?? 1
}

function timeOf({ at }: JobSample): number {
  if (!Number.isSafeInteger(at)) throw new BlockError('damaged', `${at} is no time in ms`)
  return at
}

/** Columns up to the last that has a value in any of the rows. */
function widthOf(rows: readonly (readonly number[])[], most: number): number {
  let width = 0
  for (const row of rows) width = Math.max(width, row.findLastIndex(Number.isFinite) + 1)
  return Math.min(width, most)
}

function limit(what: keyof typeof blockLimits, value: number): number {
  if (value > blockLimits[what]) {
    throw new BlockError('too-large', `${value} ${what}, and at most ${blockLimits[what]} go into one`)
  }
  return value
}
