import type { ChartSpec } from './chart-spec.ts'

/** A chart in words, for those who do not see it: each line's newest value, least and greatest. */
export function describeChart({ lines, format }: Pick<ChartSpec, 'lines' | 'format'>): string {
  return lines
    .map(({ label, values }) => {
      const known = values.filter((value) => value !== null)
      const newest = known.at(-1)
      if (newest === undefined) return `${label}: not known.`
      const low = known.reduce((least, value) => Math.min(least, value), newest)
      const high = known.reduce((most, value) => Math.max(most, value), newest)
      const now = values.at(-1) === null ? `not known now, ${format(newest)} before` : `${format(newest)} now`
      return `${label}: ${now}, from ${format(low)} to ${format(high)}.`
    })
    .join(' ')
}
