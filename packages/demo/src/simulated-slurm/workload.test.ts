import { describe, expect, it } from 'vitest'
import { createCluster, submitJob } from './cluster.ts'
import { createRandom } from './random.ts'
import { jobsToSubmit, type WavePlan, wantedGpus } from './workload.ts'

const plan: WavePlan = {
  partition: 'train',
  lowGpus: 16,
  highGpus: 64,
  periodMs: 100_000,
  kinds: [{ name: 'llm', nodeCount: 1, gpusPerNode: 8 }],
  durationMs: [10_000, 20_000],
}

describe('the workload', () => {
  it('comes and goes like a tide', () => {
    expect([0, 25_000, 50_000, 100_000].map((elapsed) => wantedGpus(plan, elapsed))).toEqual([16, 40, 64, 16])
  })

  it('submits what is missing, and nothing beyond', () => {
    const cluster = createCluster([{ name: 'train', names: 1 }], 0)
    const requests = jobsToSubmit(plan, cluster, 50_000, createRandom(1))
    expect(requests).toHaveLength(8)
    for (const request of requests) submitJob(cluster, request, 0)
    expect(jobsToSubmit(plan, cluster, 50_000, createRandom(1))).toEqual([])
  })

  it('is the same for the same seed', () => {
    const queue = (seed: number) =>
      jobsToSubmit(plan, createCluster([{ name: 'train', names: 1 }], 0), 50_000, createRandom(seed))
    expect(queue(7)).toEqual(queue(7))
    expect(queue(7)).not.toEqual(queue(8))
  })
})
