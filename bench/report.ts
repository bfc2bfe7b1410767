/** A benchmark's result: figures with their units, and the goals they are held against. */
export interface Figure {
  name: string
  value: number
  unit: string
  /** The figure should not exceed this. */
  goal?: number
  /** The figure should reach this. */
  atLeast?: number
}

/** Prints a table for people and then one line of JSON for programs. */
export function report(benchmark: string, figures: readonly Figure[], details: Record<string, unknown> = {}): void {
  const rows = figures.map(({ name, value, unit, goal, atLeast }) => [
    name,
    `${Number(value.toPrecision(4))} ${unit}`,
    [
      ...(goal === undefined ? [] : [`${value <= goal ? 'within' : 'OVER'} ${goal} ${unit}`]),
      ...(atLeast === undefined ? [] : [`${value >= atLeast ? 'reaches' : 'BELOW'} ${atLeast} ${unit}`]),
    ].join(', '),
  ])
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  for (const [name = '', value = '', goal = ''] of rows) {
    process.stdout.write(`${name.padEnd(widths[0] ?? 0)}  ${value.padStart(widths[1] ?? 0)}  ${goal}\n`)
  }
  process.stdout.write(`${JSON.stringify({ benchmark, figures, ...details })}\n`)
}

/** The value below which the share `q` of the samples lies. */
export function quantile(samples: readonly number[], q: number): number {
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN
}
