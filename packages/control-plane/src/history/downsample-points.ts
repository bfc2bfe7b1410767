import type { TimelinePoint } from '../store/store.ts'

/**
 * Makes at most `most` points of any number, so that every figure's highest and lowest values stay: each bucket of time gives two
 * points, and each figure has its extremes in them, in the order in which they came. Both stand for half of the bucket.
 * @param points oldest first
 * @param most at least 2
 */
export function downsamplePoints(points: readonly TimelinePoint[], most: number): TimelinePoint[] {
  const first = points[0]
  const last = points.at(-1)
  if (points.length <= most || !first || !last) return [...points]
  const buckets = Math.max(1, Math.floor(most / 2))
  const spanMs = Math.ceil((last.at + last.spanMs - first.at) / buckets)
  const found: TimelinePoint[] = []
  let bucket: TimelinePoint[] = []
  let begins = first.at
  for (const point of points) {
    if (point.at >= begins + spanMs) {
      found.push(...extremes(bucket))
      bucket = []
      begins += Math.floor((point.at - begins) / spanMs) * spanMs
    }
    bucket.push(point)
  }
  return [...found, ...extremes(bucket)]
}

/** Two points that have every figure's extremes; one alone is left as it is. */
function extremes(points: readonly TimelinePoint[]): TimelinePoint[] {
  const [first] = points
  const last = points.at(-1)
  if (!first || !last || points.length === 1) return [...points]
  const early: Record<string, number> = {}
  const late: Record<string, number> = {}
  for (const name of new Set(points.flatMap((point) => Object.keys(point.values)))) {
    let low: { value: number; index: number } | undefined
    let high: { value: number; index: number } | undefined
    points.forEach(({ values }, index) => {
      const value = values[name]
      if (value === undefined) return
      if (!low || value < low.value) low = { value, index }
      if (!high || value > high.value) high = { value, index }
    })
    if (!low || !high) continue
    early[name] = low.index <= high.index ? low.value : high.value
    late[name] = low.index <= high.index ? high.value : low.value
  }
  const spanMs = Math.max(1, Math.floor((last.at + last.spanMs - first.at) / 2))
  return [
    { at: first.at, spanMs, values: early },
    { at: first.at + spanMs, spanMs, values: late },
  ]
}
