import { describe, expect, it } from 'vitest'
import { createDroppedSeries, createSeriesBudget, seriesForFleet } from './series-budget.ts'

/** As docs/metrics.md lists them. */
const metricsPerGpu = 9
const metricsPerNode = 8
const metricsPerJobAndNode = 4

describe('the cap on series', () => {
  it('lets 5,000 jobs of 8 GPUs have all of theirs, those that have just ended too', () => {
    const [jobs, gpus] = [5000, 40_000]
    const running = gpus * metricsPerGpu + jobs * (metricsPerNode + metricsPerJobAndNode)
    const ended = gpus * 4 + jobs * metricsPerJobAndNode
    expect(seriesForFleet({ gpus, nodes: jobs })).toBeGreaterThanOrEqual(running + ended)
  })

  it('is never below 50,000 and never above a million', () => {
    expect(seriesForFleet({ gpus: 0, nodes: 0 })).toBe(50_000)
    expect(seriesForFleet({ gpus: 1e6, nodes: 1e6 })).toBe(1_000_000)
  })
})

describe('a budget', () => {
  it('gives to metrics in their order, and counts what it has no room for', () => {
    const dropped = createDroppedSeries()
    const { metric } = createSeriesBudget(3, dropped)
    const take = (name: string, values: (number | undefined)[]) =>
      metric(
        { name, help: '' },
        values,
        () => ({}),
        (value) => value,
      ).samples.length
    expect(take('a', [1, undefined, 2, Number.NaN])).toBe(2)
    expect(take('b', [1, 2, 3])).toBe(1)
    expect(dropped.metric().samples).toEqual([{ labels: { metric: 'b' }, value: 2 }])
  })
})
