import { createSimulatedGpus } from '@navarch/gpu/simulated-gpus'
import { createManualClock } from '@navarch/system/manual-clock'
import { expect, it } from 'vitest'
import { countedBefore, forgottenNotebook, ranBefore } from './forgotten-notebook.ts'
import { createCluster, submitJob } from './simulated-slurm/cluster.ts'

const now = Date.UTC(2026, 10, 21, 12)

function notebook() {
  const cluster = createCluster([{ name: 'dev', names: 1 }], now)
  const job = cluster.jobs.get(submitJob(cluster, forgottenNotebook(now), now))
  if (!job) throw new Error('it was not submitted')
  return job
}

it('the forgotten notebook has held GPUs idle for longer than a break lasts', () => {
  const { gpus } = createSimulatedGpus({ clock: createManualClock(), node: 'm-1' })
  const { identity, usage, startedAt } = countedBefore(notebook(), gpus, now)
  expect(identity).toEqual({ jobId: '101', cluster: 'demo', restart: 0 })
  expect(startedAt).toBe(now - 52 * 60_000)
  expect(usage?.until).toBe(now)
  expect(usage?.gpus.map(({ uuid }) => uuid)).toEqual(gpus.slice(0, 2).map(({ uuid }) => uuid))
  for (const gpu of usage?.gpus ?? []) {
    expect(gpu).toMatchObject({ utilization: 0, utilizationMax: 0 })
    expect(gpu.idleSeconds).toBeGreaterThan(40 * 60)
  }
})

it('a notebook that was requeued begins anew, as does one of another node', () => {
  const job = notebook()
  expect(ranBefore(job, 'dev-001')).toBe(true)
  expect(ranBefore(job, 'dev-002')).toBe(false)
  job.restarts = 1
  expect(ranBefore(job, 'dev-001')).toBe(false)
})
