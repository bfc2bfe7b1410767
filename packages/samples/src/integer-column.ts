import { BlockError, type ByteReader, type ByteWriter } from './bytes.ts'

/**
 * Writes integers of one kind in a row as small differences, each as a varint of a byte or more:
 *
 * | order | what is written | small for |
 * |---|---|---|
 * | 0 | the value | noise around a level |
 * | 1 | its difference from the one before | slow changes; counters at a steady rate |
 * | 2 | the difference's difference | counters whose rate changes slowly |
 *
 * from which the mean of them all (`base`) is taken off, so that a counter at a steady rate costs as little as a constant. The order with the
 * smallest sum of digits is taken. It is written before the values: order, base, the first one or two values, the differences.
 *
 * @param values safe integers
 * @param count how many of them there are, at least one
 */
export function writeIntegers(writer: ByteWriter, values: Float64Array, count = values.length): void {
  const { order, base } = encodingOf(values, count)
  writer.byte(order)
  writer.signed(base)
  for (let at = 0; at < order; at++) writer.signed(differenceAt(values, at, at))
  for (let at = order; at < count; at++) writer.signed(differenceAt(values, at, order) - base)
}

/**
 * Reads what `writeIntegers` wrote.
 * @param count how many values there are, at most what is left to read
 * @throws BlockError
 */
export function readIntegers(reader: ByteReader, count: number): Float64Array {
  const order = reader.byte()
  if (order > 2) throw new BlockError('damaged', `a column of order ${order}, which is none of 0, 1, 2`)
  if (count < order || count > reader.left()) throw new BlockError('truncated', `${count} values do not fit`)
  const base = reader.signed()
  const values = new Float64Array(count)
  let value = 0
  let slope = 0
  for (let at = 0; at < count; at++) {
    const read = reader.signed() + (at < order ? 0 : base)
    // The first of order 2 begins the value, the second its slope; afterwards each changes the slope.
    if (order === 0) value = read
    else if (order === 1 || at === 0) value += read
    else {
      slope += read
      value += slope
    }
    if (!Number.isSafeInteger(value)) throw new BlockError('damaged', 'a value of more than 53 bits')
    values[at] = value
  }
  return values
}

/** Up to this size all differences are exact in a double. */
const exactSize = 2 ** 50

function encodingOf(values: Float64Array, count: number): { order: number; base: number } {
  for (let at = 0; at < count; at++) if (Math.abs(values[at] ?? 0) > exactSize) return { order: 0, base: 0 }
  let best = { order: 0, base: 0 }
  let fewest = Number.POSITIVE_INFINITY
  for (let order = 0; order <= 2 && order < count; order++) {
    let sum = 0
    for (let at = order; at < count; at++) sum += differenceAt(values, at, order)
    const base = Math.round(sum / (count - order))
    let digits = 0
    for (let at = order; at < count && digits < fewest; at++) {
      digits += Math.log2(1 + Math.abs(differenceAt(values, at, order) - base))
    }
    if (digits >= fewest) continue
    best = { order, base }
    fewest = digits
  }
  return best
}

/** The difference of an order at a place: the value itself at order 0. */
function differenceAt(values: Float64Array, at: number, order: number): number {
  const value = values[at] ?? 0
  if (order === 0 || at === 0) return value
  const before = values[at - 1] ?? 0
  if (order === 1 || at === 1) return value - before
  return value - before - (before - (values[at - 2] ?? 0))
}
