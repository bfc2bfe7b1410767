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

/** A stretch of time, ms since the epoch. */
export interface TimeRange {
  from: number
  to: number
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
