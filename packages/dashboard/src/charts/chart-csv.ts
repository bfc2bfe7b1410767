import type { ChartSpec } from './chart-spec.ts'

/** The chart's data as CSV, one row per time. */
export function chartCsv(spec: ChartSpec): string {
  const quote = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
  const head = ['time', ...spec.lines.map(({ label }) => `${label} (${spec.unit})`)].map(quote).join(',')
  const rows = spec.times.map((time, index) =>
    [new Date(time).toISOString(), ...spec.lines.map(({ values }) => values[index] ?? '')].join(','),
  )
  return `${[head, ...rows].join('\n')}\n`
}
