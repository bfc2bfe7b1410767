import type { Metric } from '@navarch/metrics/exposition'
import { expect, it } from 'vitest'
import { pointsOfMetrics } from './points-of-metrics.ts'

const jobs = (...ids: string[]): Metric => ({
  name: 'hpc_job_runtime_seconds',
  help: '',
  type: 'gauge',
  samples: ids.map((job_id) => ({ labels: { job_id }, value: 5 })),
})

it('points have their metric’s name, and labels of the site where they have none of that name', () => {
  const histogram: Metric = {
    name: 'h',
    help: '',
    type: 'histogram',
    samples: [{ suffix: '_sum', labels: { cluster: 'own' }, value: 1 }],
  }
  expect(pointsOfMetrics([histogram, jobs('1')], 1000, undefined, { cluster: 'site' }).points).toEqual([
    { name: 'h_sum', labels: { cluster: 'own' }, value: 1, at: 1000 },
    { name: 'hpc_job_runtime_seconds', labels: { cluster: 'site', job_id: '1' }, value: 5, at: 1000 },
  ])
})

it('a series that is gone is told to be over, once', () => {
  const first = pointsOfMetrics([jobs('1', '2')], 1000)
  const second = pointsOfMetrics([jobs('2')], 2000, first.series)
  expect(second.points).toEqual([
    { name: 'hpc_job_runtime_seconds', labels: { job_id: '2' }, value: 5, at: 2000 },
    { name: 'hpc_job_runtime_seconds', labels: { job_id: '1' }, value: 'stale', at: 2000 },
  ])
  expect(pointsOfMetrics([jobs('2')], 3000, second.series).points).toHaveLength(1)
})
