import type { Metric, MetricSample } from '@navarch/metrics/exposition'

/** How many series were left out of all scrapes since the start, by metric. */
export interface DroppedSeries {
  add(metric: string, count: number): void
  metric(): Metric
}

export function createDroppedSeries(): DroppedSeries {
  const counts = new Map<string, number>()
  return {
    add: (metric, count) => void (count > 0 && counts.set(metric, (counts.get(metric) ?? 0) + count)),
    metric: () => ({
      name: 'navarch_metrics_dropped_series_total',
      help: 'Series that were left out of scrapes, since there are too many or two are the same.',
      type: 'counter',
      samples: [...counts].map(([metric, value]) => ({ labels: { metric }, value })),
    }),
  }
}

/** For jobs without GPUs, and a fleet that nobody has told yet. */
const leastSeries = 50_000
/** A scrape of a million series has about 120 MB. */
const mostSeries = 1_000_000
/** Nine metrics name a GPU; a job that has just ended keeps four of them for a while, beside those of the next. */
const seriesPerGpu = 13
/** Eight metrics name a node, and four each of its jobs: two jobs on a node that has GPUs. */
const seriesPerNode = 16

/**
 * The most series of one scrape where the configuration sets no limit: enough for all metrics of the machines that there are. It does
 * not rise with jobs, for those may come by the thousand in a minute, each with names of its own.
 */
export function seriesForFleet({ gpus, nodes }: { gpus: number; nodes: number }): number {
  return Math.min(mostSeries, leastSeries + gpus * seriesPerGpu + nodes * seriesPerNode)
}

/** What one scrape may still hold. */
export interface SeriesBudget {
  /** A metric with a sample for each item whose value is known, as long as there is room. What is over it costs next to nothing. */
  metric<T>(
    about: Pick<Metric, 'name' | 'help'> & Partial<Pick<Metric, 'type'>>,
    items: Iterable<T>,
    labels: (item: T) => Readonly<Record<string, string>>,
    value: (item: T) => number | undefined,
  ): Metric
}

/**
 * @param max series in all
 * @param dropped counts what is left out
 */
export function createSeriesBudget(max: number, dropped: DroppedSeries): SeriesBudget {
  let left = max
  return {
    metric(about, items, labels, value) {
      const samples: MetricSample[] = []
      let over = 0
      for (const item of items) {
        const known = value(item)
        if (known === undefined || !Number.isFinite(known)) continue
        if (left > 0) {
          left--
          samples.push({ labels: labels(item), value: known })
        } else over++
      }
      dropped.add(about.name, over)
      return { type: 'gauge', ...about, samples }
    },
  }
}
