import type { JobDoc } from '@navarch/core/job/job-doc'
import type { JobEvent } from '@navarch/core/job/job-event'
import { viewJob } from '@navarch/core/job/view-job'
import { describe, expect } from 'vitest'
import { created, deleted, finished, noon, started } from '../../../test/job-events.ts'
import { jobStoreEngines } from '../../../test/job-stores.ts'
import { useJobStore } from '../../../test/use-job-store.ts'
import type { JobFilter } from '../job-store.ts'

const all: JobFilter = { limit: 100, offset: 0 }
const idsOf = (runs: readonly JobDoc[]) => runs.map(({ jobId, restart }) => `${jobId}-r${restart}`)
const statesOf = (runs: readonly JobDoc[]) => runs.map((run) => viewJob(run).state)
const forever = { rawMs: 1e15, coarseStepMs: 300_000, samplesMs: 1e15, jobsMs: 1e15 }

describe.each(jobStoreEngines)('$title', (engine) => {
  const { test, store, reopen } = useJobStore(engine)

  describe('events', () => {
    test('make a run, and are there after the store was opened again', async () => {
      const [start] = await store().apply([started()])
      expect(start).toMatchObject({ status: 'created', restart: 0, state: 'running' })
      const [end] = await store().apply([finished()])
      expect(end).toMatchObject({ status: 'updated' })
      const before = await store().find('812')
      await reopen()
      expect(await store().find('812')).toEqual(before)
      expect(statesOf(before)).toEqual(['completed'])
    })

    test('that are known already change nothing and leave no audit', async () => {
      await store().apply([started()])
      const [again] = await store().apply([started()])
      await reopen()
      const [later] = await store().apply([started()])
      expect([again?.status, later?.status]).toEqual(['skipped', 'skipped'])
      expect(again?.state).toBe('running')
      expect(await store().audit({ limit: 10 })).toHaveLength(1)
      expect(await store().totalRuns()).toBe(1)
    })

    test('of one call and of many calls at the same time all count, with outcomes in their order', async () => {
      const jobs = Array.from({ length: 40 }, (_, index) => String(index))
      const outcomes = await Promise.all(
        jobs.map((jobId) => store().apply([started({ jobId }), finished({ jobId }), finished({ jobId })])),
      )
      for (const outcome of outcomes) {
        expect(outcome.map(({ status }) => status)).toEqual(['created', 'updated', 'skipped'])
      }
      expect(await store().countByState()).toEqual({ pending: 0, running: 0, completed: 40, failed: 0, cancelled: 0 })
    })

    test('of the many nodes of one job, sent at the same time, end in one run with all of them', async () => {
      const nodes = Array.from({ length: 60 }, (_, index) => `gpu-${String(index).padStart(3, '0')}`)
      await Promise.all(nodes.map((node) => store().apply([started({}, { node, nodes })])))
      await Promise.all(nodes.slice(1).map((node) => store().apply([finished({}, { node })])))
      const [running] = await store().find('812')
      expect(running && viewJob(running)).toMatchObject({ state: 'running', nodes, nodesRunning: ['gpu-000'] })
      await store().apply([finished({}, { node: 'gpu-000' })])
      expect(statesOf(await store().find('812'))).toEqual(['completed'])
      expect((await store().list({ ...all, node: 'gpu-042' })).total).toBe(1)
    })

    test('that cannot be folded fail alone among calls made at the same time', async () => {
      const broken = { ...started({ jobId: '2' }), kind: 'started', job: null } as unknown as JobEvent
      const outcomes = await Promise.allSettled([
        store().apply([started({ jobId: '1' })]),
        store().apply([started({ jobId: '2' }), broken]),
        store().apply([started({ jobId: '3' })]),
      ])
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
      expect(idsOf((await store().list(all)).runs)).toEqual(['3-r0', '1-r0'])
    })

    test('that the database cannot keep fail alone among calls made at the same time', async () => {
      const never = started({ jobId: '2' }, { at: noon + 0.5 })
      const outcomes = await Promise.allSettled([
        store().apply([started({ jobId: '1' })]),
        store().apply([never]),
        store().apply([started({ jobId: '3' })]),
      ])
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
      expect(await store().find('2')).toEqual([])
      expect((await store().apply([started({ jobId: '2' })]))[0]?.status).toBe('created')
    })
  })

  describe('the audit', () => {
    test('has who changed what, newest first, with the event as it came', async () => {
      const nodes = Array.from({ length: 30 }, (_, index) => `gpu-${index}`)
      const start = started({}, { nodes })
      await store().apply([start, started({ jobId: '900' }), finished()])
      const rows = await store().audit({ jobId: 'slurm-812', limit: 10 })
      expect(rows.map(({ kind, outcome }) => `${kind} ${outcome}`)).toEqual(['finished updated', 'started created'])
      expect(rows[1]).toMatchObject({
        changedBy: 'agent gpu-001',
        source: 'agent',
        jobId: '812',
        restart: 0,
        event: start,
      })
      expect((await store().audit({ limit: 10 })).map(({ jobId }) => jobId)).toEqual(['812', '900', '812'])
    })

    test('is read page by page', async () => {
      for (let jobId = 0; jobId < 5; jobId++) await store().apply([started({ jobId: String(jobId) })])
      const first = await store().audit({ limit: 2 })
      const second = await store().audit({ limit: 2, before: first.at(-1)?.seq ?? 0 })
      expect([...first, ...second].map(({ jobId }) => jobId)).toEqual(['4', '3', '2', '1'])
      expect(await store().audit({ jobId: '0', limit: 5, before: first[0]?.seq ?? 0 })).toHaveLength(1)
    })
  })

  describe('retention', () => {
    test('removes what ended long ago with all that is kept of it, and nothing else', async () => {
      await store().apply([
        started({ jobId: 'old' }),
        finished({ jobId: 'old' }),
        started({ jobId: 'long' }),
        created({ jobId: 'gone' }),
        deleted({ jobId: 'gone' }),
        started({ jobId: 'new' }, { at: noon + 500_000 }),
        finished({ jobId: 'new' }, { at: noon + 600_000 }),
      ])
      const run = { cluster: 'default', jobId: 'old', restart: 0 }
      await store().addSamples([{ run, node: 'gpu-001', samples: [{ at: noon, host: [1, 2], gpus: [] }] }])
      await store().maintain(noon + 1_000_000, { ...forever, jobsMs: 500_000 })
      expect(idsOf((await store().list(all)).runs)).toEqual(['new-r0', 'long-r0'])
      expect((await store().audit({ limit: 10 })).map(({ jobId }) => jobId)).toEqual(['new', 'new', 'long'])
      expect((await store().list({ ...all, node: 'gpu-001' })).total).toBe(2)
      expect(await store().countByState()).toMatchObject({ running: 1, completed: 1 })
      expect(await store().totalRuns()).toBe(4)
      expect(await store().figures()).toMatchObject({ sampleValues: 0, waitingBatches: 0 })
      expect((await store().apply([started({ jobId: 'old' })]))[0]?.status).toBe('created')
    })
  })
})
