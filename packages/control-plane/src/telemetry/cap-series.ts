import type { Metric, MetricSample } from './exposition.ts'

/** How many series were left out of all scrapes since the start, by metric. */
export interface DroppedSeries {
  add(metric: string, count: number): void
  metric(): Metric
}

export function createDroppedSeries(): DroppedSeries {
  const counts = new Map<string, number>()
  return {
    add: (metric, count) => void counts.set(metric, (counts.get(metric) ?? 0) + count),
    metric: () => ({
      name: 'navarch_metrics_dropped_series_total',
      help: 'Series that were left out of scrapes, since there are too many or two are the same.',
      type: 'counter',
      samples: [...counts].map(([metric, value]) => ({ labels: { metric }, value })),
    }),
  }
}

/**
 * At most `max` series, the first ones. A series that comes twice is left out too: Prometheus would refuse the whole scrape for it.
 * @param dropped counts what was left out
 */
export function capSeries(metrics: readonly Metric[], max: number, dropped: DroppedSeries): Metric[] {
  let left = max
  return metrics.map((metric) => {
    const seen = new Set<string>()
    const samples = metric.samples.filter((sample) => {
      const key = labelText(sample)
      if (left <= 0 || seen.has(key)) return false
      seen.add(key)
      left--
      return true
    })
    if (samples.length < metric.samples.length) dropped.add(metric.name, metric.samples.length - samples.length)
    return { ...metric, samples }
  })
}

/** Labels of one metric are always made in the same order. */
function labelText({ suffix, labels = {} }: MetricSample): string {
  return JSON.stringify([suffix, ...Object.values(labels)])
}
