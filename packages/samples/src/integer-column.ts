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
 * @param values safe integers, at least one
 */
export function writeIntegers(writer: ByteWriter, values: Float64Array): void {
  const { order, base } = encodingOf(values)
  writer.byte(order)
  writer.signed(base)
  for (let at = 0; at < order; at++) writer.signed(differenceAt(values, at, at))
  for (let at = order; at < values.length; at++) writer.signed(differenceAt(values, at, order) - base)
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

function encodingOf(values: Float64Array): { order: number; base: number } {
  let best = { order: 0, base: 0, digits: Number.POSITIVE_INFINITY }
  if (values.some((value) => Math.abs(value) > exactSize)) return best
  for (let order = 0; order <= 2 && order < values.length; order++) {
    let sum = 0
    for (let at = order; at < values.length; at++) sum += differenceAt(values, at, order)
    const base = Math.round(sum / (values.length - order))
    let digits = 0
    for (let at = order; at < values.length && digits < best.digits; at++) {
      digits += Math.log2(1 + Math.abs(differenceAt(values, at, order) - base))
    }
    if (digits < best.digits) best = { order, base, digits }
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
