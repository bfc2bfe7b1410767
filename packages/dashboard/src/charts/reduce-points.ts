/** Values of some lines at the same times; null is not known. */
export interface Points {
  times: number[]
  lines: (number | null)[][]
}

/**
 * At most two points per pixel, the least and the greatest of each: a peak survives. A stretch in which nothing is known stays a gap. The
 * newest point stays as it is: what a chart says of now is true, also that it is not known.
 * @param width px
 */
export function reducePoints(
  times: readonly number[],
  lines: readonly (readonly (number | null)[])[],
  width: number,
): Points {
  const limit = Math.max(2, Math.floor(width)) * 2
  if (times.length <= limit) return { times: [...times], lines: lines.map((values) => [...values]) }
  const newest = times.length - 1
  const size = Math.max(2, Math.ceil(newest / Math.floor((limit - 1) / 2)))
  const reducedTimes: number[] = []
  const reduced: (number | null)[][] = lines.map(() => [])
  for (let start = 0; start < newest; start += size) {
    const end = Math.min(newest, start + size)
    const isSingle = end - start === 1
    reducedTimes.push(times[start] ?? 0)
    if (!isSingle) reducedTimes.push(times[end - 1] ?? 0)
    for (const [index, values] of lines.entries()) {
      if (isSingle) reduced[index]?.push(values[start] ?? null)
      else reduced[index]?.push(...extremes(values, start, end))
    }
  }
  reducedTimes.push(times[newest] ?? 0)
  for (const [index, values] of lines.entries()) reduced[index]?.push(values[newest] ?? null)
  return { times: reducedTimes, lines: reduced }
}

/** The least and the greatest in the order in which they come. */
function extremes(values: readonly (number | null)[], start: number, end: number): [number | null, number | null] {
  let low: number | null = null
  let high: number | null = null
  let lowAt = start
  let highAt = start
  for (let index = start; index < end; index += 1) {
    const value = values[index] ?? null
    if (value === null) continue
    if (low === null || value < low) {
      low = value
      lowAt = index
    }
    if (high === null || value > high) {
      high = value
      highAt = index
    }
  }
  return lowAt <= highAt ? [low, high] : [high, low]
}

/** Places of values with nothing known before and behind them: a line does not show them. */
export function lonePoints(values: readonly (number | null | undefined)[]): number[] {
  const isKnown = (index: number) => values[index] !== null && values[index] !== undefined
  return values.flatMap((_, index) => (isKnown(index) && !isKnown(index - 1) && !isKnown(index + 1) ? [index] : []))
}
