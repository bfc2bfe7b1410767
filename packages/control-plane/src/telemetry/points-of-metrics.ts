import type { Metric } from '@navarch/metrics/exposition'
import { type MetricPoint, seriesKey } from '@navarch/samples/remote-write'

/** The series of the last time, by key: what is gone from the next is told to be over. */
export type KnownSeries = ReadonlyMap<string, Pick<MetricPoint, 'name' | 'labels'>>

/**
 * Metrics of one moment as points to send on, with an end mark for each series that is there no more: without one, engines go on
 * showing its last value for minutes.
 * @param at ms since the epoch
 * @param external labels that every series gets where it has no such label itself, e.g. the cluster
 */
export function pointsOfMetrics(
  metrics: readonly Metric[],
  at: number,
  before: KnownSeries = new Map(),
  external: Readonly<Record<string, string>> = {},
): { points: MetricPoint[]; series: KnownSeries } {
  const series = new Map<string, MetricPoint>()
  for (const { name, samples } of metrics) {
    for (const { suffix = '', labels = {}, value } of samples) {
      const point = { name: name + suffix, labels: { ...external, ...labels }, value, at }
      series.set(seriesKey(point), point)
    }
  }
  const gone = [...before].filter(([key]) => !series.has(key))
  const ends = gone.map(([, { name, labels }]): MetricPoint => ({ name, labels, value: 'stale', at }))
  return { points: [...series.values(), ...ends], series }
}
