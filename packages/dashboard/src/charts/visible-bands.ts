import type { ChartBand, TimeRange } from './chart-spec.ts'

/** Bands that are in a range, cut to it. One that is over before it or begins behind it is left out: nothing was at its edge. */
export function visibleBands(bands: readonly ChartBand[], { from, to }: TimeRange): ChartBand[] {
  return bands
    .filter((band) => band.to >= from && band.from <= to)
    .map((band) => ({ ...band, from: Math.max(from, band.from), to: Math.min(to, band.to) }))
}
