/** A line of a chart. */
export interface ChartLine {
  label: string
  /** As long as the chart's times; null is a gap. */
  values: readonly (number | null)[]
  /** A CSS variable's name, e.g. "--chart-1". */
  color: string
  isDashed?: boolean
  /** Holds its value until the next point: sizes, limits. */
  isStepped?: boolean
  /** Filled down to zero. */
  isFilled?: boolean
}

/** A stretch of time with a word: a fault, a phase of a job. */
export interface ChartBand {
  from: number
  to: number
  text: string
  tone: 'act' | 'mending' | 'info' | 'unknown'
}

export interface ChartSpec {
  /** ms since the epoch, rising. */
  times: readonly number[]
  lines: readonly ChartLine[]
  /** Written at the axis and beside each value, e.g. "%". */
  unit: string
  format: (value: number) => string
  /** The top of the scale where it is fixed, e.g. 100. */
  max?: number
  bands?: readonly ChartBand[]
}

/**
 * At most two points per pixel, the least and the greatest of each: a peak survives. A stretch in which nothing is known stays a gap.
 * @param width px
 */
export function reducePoints(
  times: readonly number[],
  lines: readonly (readonly (number | null)[])[],
  width: number,
): { times: number[]; lines: (number | null)[][] } {
  const limit = Math.max(2, Math.floor(width)) * 2
  if (times.length <= limit) return { times: [...times], lines: lines.map((values) => [...values]) }
  const size = Math.ceil(times.length / (limit / 2))
  const reducedTimes: number[] = []
  const reduced: (number | null)[][] = lines.map(() => [])
  for (let start = 0; start < times.length; start += size) {
    const end = Math.min(times.length, start + size)
    const first = times[start] ?? 0
    const last = times[end - 1] ?? first
    reducedTimes.push(first, last > first ? last : first + 1)
    for (const [index, values] of lines.entries()) {
      const [low, high] = extremes(values, start, end)
      reduced[index]?.push(low, high)
    }
  }
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

/** The chart's data as CSV, one row per time. */
export function chartCsv(spec: ChartSpec): string {
  const quote = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
  const head = ['time', ...spec.lines.map(({ label }) => `${label} (${spec.unit})`)].map(quote).join(',')
  const rows = spec.times.map((time, index) =>
    [new Date(time).toISOString(), ...spec.lines.map(({ values }) => values[index] ?? '')].join(','),
  )
  return `${[head, ...rows].join('\n')}\n`
}
