import type { JobDoc } from '@navarch/core/job/job-doc'
import { viewJob } from '@navarch/core/job/view-job'
import { describe, expect } from 'vitest'
import { created, deleted, finished, noon, recorded, started } from '../../../test/job-events.ts'
import { jobStoreEngines } from '../../../test/job-stores.ts'
import { useJobStore } from '../../../test/use-job-store.ts'
import type { JobFilter } from '../job-store.ts'

const all: JobFilter = { limit: 100, offset: 0 }
const idsOf = (runs: readonly JobDoc[]) => runs.map(({ jobId, restart }) => `${jobId}-r${restart}`)
const _statesOf = (runs: readonly JobDoc[]) => runs.map((run) => viewJob(run).state)

describe.each(jobStoreEngines)('$title', (engine) => {
  const { test, store, reopen } = useJobStore(engine)

  describe('a look for an id', () => {
    test('finds raw and prefixed ids and all runs, the newest first', async () => {
      await store().apply([
        started({ restart: 0 }),
        started({ restart: 1 }, { at: noon + 90_000 }),
        recorded({ restart: 2 }, { state: 'PENDING' }, noon + 80_000),
      ])
      expect(idsOf(await store().find('812'))).toEqual(['812-r2', '812-r1', '812-r0'])
      expect(idsOf(await store().find('slurm-812'))).toEqual(['812-r2', '812-r1', '812-r0'])
      expect(idsOf(await store().find('812-r1'))).toEqual(['812-r1'])
      expect(idsOf(await store().find('slurm-812-r0'))).toEqual(['812-r0'])
      expect(await store().find('813')).toEqual([])
    })

    test('finds tasks of an array, those too that wait in one record', async () => {
      await store().apply([
        recorded({ jobId: '901' }, { group: { arrayJobId: 900, arrayTask: '1' } }),
        recorded({ jobId: '900' }, { state: 'PENDING', group: { arrayJobId: 900, arrayTask: '3-20' } }),
      ])
      expect(idsOf(await store().find('900_1'))).toEqual(['901-r0'])
      expect(idsOf(await store().find('slurm-900_7'))).toEqual(['900-r0'])
      expect(await store().find('900_2')).toEqual([])
    })

    test('finds components of a heterogeneous job and SLUIDs', async () => {
      const sluid = 's0123456789ABC'
      await store().apply([
        recorded({ jobId: '51', sluid }, { group: { hetJobId: 50, hetOffset: 1 } }),
        recorded({ jobId: '50' }, { group: { hetJobId: 50, hetOffset: 0 } }),
      ])
      expect(idsOf(await store().find('50+1'))).toEqual(['51-r0'])
      expect(idsOf(await store().find(sluid))).toEqual(['51-r0'])
    })

    test('keeps jobs of several clusters apart, and ids of any text', async () => {
      const odd = `50% of 'it' _"\\ ☃ [1-3]`
      await store().apply([
        started({ cluster: 'a' }),
        started({ cluster: 'b' }, { at: noon + 1 }),
        created({ jobId: odd }),
      ])
      expect((await store().find('812')).map(({ cluster }) => cluster)).toEqual(['b', 'a'])
      expect(idsOf(await store().find(odd))).toEqual([`${odd}-r0`])
    })

    test('passes over what was deleted, whose audit stays', async () => {
      await store().apply([created({ jobId: 'x' })])
      await store().apply([deleted({ jobId: 'x' })])
      expect((await store().apply([started({ jobId: 'x' })]))[0]?.status).toBe('skipped')
      expect(await store().find('x')).toEqual([])
      expect(await store().list(all)).toEqual({ runs: [], total: 0 })
      expect((await store().audit({ jobId: 'x', limit: 10 })).map(({ kind }) => kind)).toEqual(['deleted', 'created'])
      expect((await store().apply([created({ jobId: 'x' }, noon + 9)]))[0]?.status).toBe('created')
      expect(idsOf(await store().find('x'))).toEqual(['x-r0'])
    })
  })

  describe('a list', () => {
    test('is in the order of the start, then of the job id, page by page', async () => {
      await store().apply([
        started({ jobId: '9' }),
        started({ jobId: '10' }),
        started({ jobId: '7' }, { at: noon + 1 }),
        recorded({ jobId: '8' }, { state: 'PENDING' }, noon + 2),
      ])
      expect(idsOf((await store().list(all)).runs)).toEqual(['8-r0', '7-r0', '10-r0', '9-r0'])
      const page = await store().list({ limit: 2, offset: 1 })
      expect(idsOf(page.runs)).toEqual(['7-r0', '10-r0'])
      expect(page.total).toBe(4)
    })

    test('is filtered by state, user, account, partition and node', async () => {
      await store().apply([
        started({ jobId: '1' }, { user: 'ada', account: 'bio', partition: 'gpu', node: 'n1' }),
        started({ jobId: '2' }, { user: 'bob', account: 'bio', partition: 'cpu', node: 'n2' }),
        finished({ jobId: '2' }, { node: 'n2', exit: { status: 1, signal: 0 } }),
        recorded({ jobId: '3' }, { state: 'PENDING', user: 'ada', account: 'phys', partition: 'gpu' }),
      ])
      const ids = async (filter: Partial<JobFilter>) => {
        const { runs, total } = await store().list({ ...all, ...filter })
        expect(runs).toHaveLength(total)
        return runs.map(({ jobId }) => jobId).sort()
      }
      expect(await ids({ states: ['running'] })).toEqual(['1'])
      expect(await ids({ states: ['failed', 'pending'] })).toEqual(['2', '3'])
      expect(await ids({ states: [] })).toEqual([])
      expect(await ids({ user: 'ada' })).toEqual(['1', '3'])
      expect(await ids({ account: 'bio', states: ['failed'] })).toEqual(['2'])
      expect(await ids({ partition: 'gpu' })).toEqual(['1', '3'])
      expect(await ids({ node: 'n2' })).toEqual(['2'])
      expect(await ids({ node: 'n2', user: 'ada' })).toEqual([])
    })

    test('of a stretch of time has the runs that ran in it', async () => {
      await store().apply([
        started({ jobId: 'early' }, { at: noon }),
        finished({ jobId: 'early' }, { at: noon + 10 }),
        started({ jobId: 'long' }, { at: noon + 5 }),
        started({ jobId: 'late' }, { at: noon + 50 }),
        recorded({ jobId: 'waits' }, { state: 'PENDING' }, noon + 20),
      ])
      const ids = async (filter: Partial<JobFilter>) => idsOf((await store().list({ ...all, ...filter })).runs)
      expect(await ids({ from: noon + 11, to: noon + 49 })).toEqual(['long-r0'])
      expect(await ids({ from: noon + 10, to: noon + 50 })).toEqual(['late-r0', 'long-r0', 'early-r0'])
      expect(await ids({ to: noon })).toEqual(['early-r0'])
      expect(await ids({ from: noon + 51 })).toEqual(['late-r0', 'long-r0'])
    })

    test('of a node has jobs that had it, also when Slurm takes it away', async () => {
      await store().apply([started({}, { node: 'n1', nodes: ['n1', 'n2'] })])
      await store().apply([recorded({}, { nodes: 'n[1,3]' }, noon + 1)])
      for (const node of ['n1', 'n2', 'n3']) expect((await store().list({ ...all, node })).total, node).toBe(1)
    })

    test('of open runs has those that are pending or running', async () => {
      await store().apply([started({ jobId: '1' }), started({ jobId: '2' }), finished({ jobId: '2' })])
      await store().apply([recorded({ jobId: '3' }, { state: 'PENDING' }, noon + 1)])
      expect(idsOf(await store().open())).toEqual(['3-r0', '1-r0'])
    })

    test('counts states, and every run that ever was', async () => {
      await store().apply([
        started({ jobId: '1' }),
        started({ jobId: '2' }),
        finished({ jobId: '2' }),
        created({ jobId: 'x' }),
      ])
      await store().apply([deleted({ jobId: 'x' })])
      await reopen()
      expect(await store().countByState()).toEqual({ pending: 0, running: 1, completed: 1, failed: 0, cancelled: 0 })
      expect(await store().totalRuns()).toBe(3)
    })
  })
})
