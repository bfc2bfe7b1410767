import type { Metric, MetricSample } from '@navarch/metrics/exposition'

/** What the store's operations take, and how they fail, since the start. */
export interface StorageMetrics {
  /** Does `work`, measures it under that name, and passes its outcome on. */
  time<T>(operation: string, work: () => Promise<T>): Promise<T>
  metrics(): Metric[]
}

/** Upper bounds, seconds. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const

interface Histogram {
  operation: string
  success: boolean
  /** By bucket, not summed up; the last is for what is above all bounds. */
  counts: number[]
  sum: number
}

/** @param now ms from any beginning; fractions count */
export function createStorageMetrics(now: () => number): StorageMetrics {
  const histograms = new Map<string, Histogram>()
  const errors = new Map<string, { operation: string; type: string; count: number }>()

  const observe = (operation: string, success: boolean, seconds: number) => {
    const key = `${operation} ${success}`
    const known = histograms.get(key) ?? { operation, success, counts: buckets.map(() => 0).concat(0), sum: 0 }
    const bucket = buckets.findIndex((bound) => seconds <= bound)
    const at = bucket < 0 ? buckets.length : bucket
    known.counts[at] = (known.counts[at] ?? 0) + 1
    known.sum += seconds
    histograms.set(key, known)
  }
  const fail = (operation: string, error: unknown) => {
    const type = typeOf(error)
    const known = errors.get(`${operation} ${type}`) ?? { operation, type, count: 0 }
    errors.set(`${operation} ${type}`, { ...known, count: known.count + 1 })
  }
  return {
    async time(operation, work) {
      const start = now()
      try {
        const result = await work()
        observe(operation, true, (now() - start) / 1000)
        return result
      } catch (error) {
        observe(operation, false, (now() - start) / 1000)
        fail(operation, error)
        throw error
      }
    },
    metrics: () => [
      {
        name: 'storage_operation_duration_seconds',
        help: "What the store's operations take.",
        type: 'histogram',
        samples: [...histograms.values()].flatMap(seriesOf),
      },
      {
        name: 'storage_operation_errors_total',
        help: "Operations of the store that failed, by the error's code or name.",
        type: 'counter',
        samples: [...errors.values()].map(({ operation, type, count }) => ({
          labels: { operation, error_type: type },
          value: count,
        })),
      },
    ],
  }
}

/** The same store, all of whose operations are measured. */
export function measured<Store extends object>(store: Store, { time }: StorageMetrics): Store {
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function' || typeof name !== 'string') return member
      return (...input: unknown[]) => {
        const call = () => Reflect.apply(member, target, input)
        return name === 'close' ? call() : time(name, async () => call())
      }
    },
  })
}

function seriesOf({ operation, success, counts, sum }: Histogram): MetricSample[] {
  const labels = { operation, success: String(success) }
  let total = 0
  const cumulated = counts.map((count, at): MetricSample => {
    total += count
    return {
      suffix: '_bucket',
      labels: { ...labels, le: at < buckets.length ? String(buckets[at]) : '+Inf' },
      value: total,
    }
  })
  return [...cumulated, { suffix: '_sum', labels, value: sum }, { suffix: '_count', labels, value: total }]
}

/** A code where the error has one, e.g. PostgreSQL's "40001"; else its name. Never its text, which may be any. */
function typeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  const code: unknown = 'code' in error ? error.code : undefined
  return typeof code === 'string' && /^[\w-]{1,40}$/.test(code) ? code : error.name
}
