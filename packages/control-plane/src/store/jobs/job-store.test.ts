import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { JobDoc } from '@navarch/core/job/job-doc'
import type { JobEvent } from '@navarch/core/job/job-event'
import { viewJob } from '@navarch/core/job/view-job'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { created, deleted, finished, noon, recorded, started } from '../../../test/job-events.ts'
import { jobStoreEngines, openJobStore } from '../../../test/job-stores.ts'
import type { JobFilter, JobStore } from '../job-store.ts'

const all: JobFilter = { limit: 100, offset: 0 }
const idsOf = (runs: readonly JobDoc[]) => runs.map(({ jobId, restart }) => `${jobId}-r${restart}`)
const statesOf = (runs: readonly JobDoc[]) => runs.map((run) => viewJob(run).state)
const forever = { rawMs: 1e15, coarseStepMs: 300_000, samplesMs: 1e15, jobsMs: 1e15 }

describe.each(jobStoreEngines)('$title', (engine) => {
  const skip = engine.missing !== undefined
  let place: string
  let store: JobStore
  beforeAll(async () => {
    if (!skip) await engine.start()
  })
  afterAll(async () => {
    if (!skip) await engine.stop()
  })
  beforeEach(async () => {
    if (skip) return
    place = await engine.makePlace()
    store = await openJobStore(place)
  })
  afterEach(async () => {
    if (skip) return
    await store.close().catch(() => {})
    await engine.removePlace(place)
  })
  const reopen = async () => {
    await store.close()
    store = await openJobStore(place)
  }
  const test = it.skipIf(skip)

  describe('events', () => {
    test('make a run, and are there after the store was opened again', async () => {
      const [start] = await store.apply([started()])
      expect(start).toMatchObject({ status: 'created', restart: 0, state: 'running' })
      const [end] = await store.apply([finished()])
      expect(end).toMatchObject({ status: 'updated' })
      const before = await store.find('812')
      await reopen()
      expect(await store.find('812')).toEqual(before)
      expect(statesOf(before)).toEqual(['completed'])
    })

    test('that are known already change nothing and leave no audit', async () => {
      await store.apply([started()])
      const [again] = await store.apply([started()])
      await reopen()
      const [later] = await store.apply([started()])
      expect([again?.status, later?.status]).toEqual(['skipped', 'skipped'])
      expect(again?.state).toBe('running')
      expect(await store.audit({ limit: 10 })).toHaveLength(1)
      expect(await store.totalRuns()).toBe(1)
    })

    test('of one call and of many calls at the same time all count, with outcomes in their order', async () => {
      const jobs = Array.from({ length: 40 }, (_, index) => String(index))
      const outcomes = await Promise.all(
        jobs.map((jobId) => store.apply([started({ jobId }), finished({ jobId }), finished({ jobId })])),
      )
      for (const outcome of outcomes) {
        expect(outcome.map(({ status }) => status)).toEqual(['created', 'updated', 'skipped'])
      }
      expect(await store.countByState()).toEqual({ pending: 0, running: 0, completed: 40, failed: 0, cancelled: 0 })
    })

    test('of the many nodes of one job, sent at the same time, end in one run with all of them', async () => {
      const nodes = Array.from({ length: 60 }, (_, index) => `gpu-${String(index).padStart(3, '0')}`)
      await Promise.all(nodes.map((node) => store.apply([started({}, { node, nodes })])))
      await Promise.all(nodes.slice(1).map((node) => store.apply([finished({}, { node })])))
      const [running] = await store.find('812')
      expect(running && viewJob(running)).toMatchObject({ state: 'running', nodes, nodesRunning: ['gpu-000'] })
      await store.apply([finished({}, { node: 'gpu-000' })])
      expect(statesOf(await store.find('812'))).toEqual(['completed'])
      expect((await store.list({ ...all, node: 'gpu-042' })).total).toBe(1)
    })

    test('that cannot be folded fail alone among calls made at the same time', async () => {
      const broken = { ...started({ jobId: '2' }), kind: 'started', job: null } as unknown as JobEvent
      const outcomes = await Promise.allSettled([
        store.apply([started({ jobId: '1' })]),
        store.apply([started({ jobId: '2' }), broken]),
        store.apply([started({ jobId: '3' })]),
      ])
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
      expect(idsOf((await store.list(all)).runs)).toEqual(['3-r0', '1-r0'])
    })

    test('that the database cannot keep fail alone among calls made at the same time', async () => {
      const never = started({ jobId: '2' }, { at: noon + 0.5 })
      const outcomes = await Promise.allSettled([
        store.apply([started({ jobId: '1' })]),
        store.apply([never]),
        store.apply([started({ jobId: '3' })]),
      ])
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
      expect(await store.find('2')).toEqual([])
      expect((await store.apply([started({ jobId: '2' })]))[0]?.status).toBe('created')
    })

    test('survive kill -9: what was acknowledged is there', async () => {
      const acknowledged = await killAfter(place, 200)
      await reopen()
      for (const line of acknowledged) {
        const [jobId = '', kind] = line.split(' ')
        const [run] = await store.find(jobId)
        expect(run, line).toBeDefined()
        if (kind === 'finished') expect(run && viewJob(run).state, line).toBe('completed')
      }
      // Counters and rows are of the same transactions.
      const runs = await store.list({ limit: 100_000, offset: 0 })
      expect(runs.runs).toHaveLength(runs.total)
      expect(await store.totalRuns()).toBe(runs.total)
    }, 60_000)
  })

  describe('a look for an id', () => {
    test('finds raw and prefixed ids and all runs, the newest first', async () => {
      await store.apply([
        started({ restart: 0 }),
        started({ restart: 1 }, { at: noon + 90_000 }),
        recorded({ restart: 2 }, { state: 'PENDING' }, noon + 80_000),
      ])
      expect(idsOf(await store.find('812'))).toEqual(['812-r2', '812-r1', '812-r0'])
      expect(idsOf(await store.find('slurm-812'))).toEqual(['812-r2', '812-r1', '812-r0'])
      expect(idsOf(await store.find('812-r1'))).toEqual(['812-r1'])
      expect(idsOf(await store.find('slurm-812-r0'))).toEqual(['812-r0'])
      expect(await store.find('813')).toEqual([])
    })

    test('finds tasks of an array, those too that wait in one record', async () => {
      await store.apply([
        recorded({ jobId: '901' }, { group: { arrayJobId: 900, arrayTask: '1' } }),
        recorded({ jobId: '900' }, { state: 'PENDING', group: { arrayJobId: 900, arrayTask: '3-20' } }),
      ])
      expect(idsOf(await store.find('900_1'))).toEqual(['901-r0'])
      expect(idsOf(await store.find('slurm-900_7'))).toEqual(['900-r0'])
      expect(await store.find('900_2')).toEqual([])
    })

    test('finds components of a heterogeneous job and SLUIDs', async () => {
      const sluid = 's0123456789ABC'
      await store.apply([
        recorded({ jobId: '51', sluid }, { group: { hetJobId: 50, hetOffset: 1 } }),
        recorded({ jobId: '50' }, { group: { hetJobId: 50, hetOffset: 0 } }),
      ])
      expect(idsOf(await store.find('50+1'))).toEqual(['51-r0'])
      expect(idsOf(await store.find(sluid))).toEqual(['51-r0'])
    })

    test('keeps jobs of several clusters apart, and ids of any text', async () => {
      const odd = `50% of 'it' _"\\ ☃ [1-3]`
      await store.apply([
        started({ cluster: 'a' }),
        started({ cluster: 'b' }, { at: noon + 1 }),
        created({ jobId: odd }),
      ])
      expect((await store.find('812')).map(({ cluster }) => cluster)).toEqual(['b', 'a'])
      expect(idsOf(await store.find(odd))).toEqual([`${odd}-r0`])
    })

    test('passes over what was deleted, whose audit stays', async () => {
      await store.apply([created({ jobId: 'x' })])
      await store.apply([deleted({ jobId: 'x' })])
      expect((await store.apply([started({ jobId: 'x' })]))[0]?.status).toBe('skipped')
      expect(await store.find('x')).toEqual([])
      expect(await store.list(all)).toEqual({ runs: [], total: 0 })
      expect((await store.audit({ jobId: 'x', limit: 10 })).map(({ kind }) => kind)).toEqual(['deleted', 'created'])
      expect((await store.apply([created({ jobId: 'x' }, noon + 9)]))[0]?.status).toBe('created')
      expect(idsOf(await store.find('x'))).toEqual(['x-r0'])
    })
  })

  describe('a list', () => {
    test('is in the order of the start, then of the job id, page by page', async () => {
      await store.apply([
        started({ jobId: '9' }),
        started({ jobId: '10' }),
        started({ jobId: '7' }, { at: noon + 1 }),
        recorded({ jobId: '8' }, { state: 'PENDING' }, noon + 2),
      ])
      expect(idsOf((await store.list(all)).runs)).toEqual(['8-r0', '7-r0', '10-r0', '9-r0'])
      const page = await store.list({ limit: 2, offset: 1 })
      expect(idsOf(page.runs)).toEqual(['7-r0', '10-r0'])
      expect(page.total).toBe(4)
    })

    test('is filtered by state, user, account, partition and node', async () => {
      await store.apply([
        started({ jobId: '1' }, { user: 'ada', account: 'bio', partition: 'gpu', node: 'n1' }),
        started({ jobId: '2' }, { user: 'bob', account: 'bio', partition: 'cpu', node: 'n2' }),
        finished({ jobId: '2' }, { node: 'n2', exit: { status: 1, signal: 0 } }),
        recorded({ jobId: '3' }, { state: 'PENDING', user: 'ada', account: 'phys', partition: 'gpu' }),
      ])
      const ids = async (filter: Partial<JobFilter>) => {
        const { runs, total } = await store.list({ ...all, ...filter })
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
      await store.apply([
        started({ jobId: 'early' }, { at: noon }),
        finished({ jobId: 'early' }, { at: noon + 10 }),
        started({ jobId: 'long' }, { at: noon + 5 }),
        started({ jobId: 'late' }, { at: noon + 50 }),
        recorded({ jobId: 'waits' }, { state: 'PENDING' }, noon + 20),
      ])
      const ids = async (filter: Partial<JobFilter>) => idsOf((await store.list({ ...all, ...filter })).runs)
      expect(await ids({ from: noon + 11, to: noon + 49 })).toEqual(['long-r0'])
      expect(await ids({ from: noon + 10, to: noon + 50 })).toEqual(['late-r0', 'long-r0', 'early-r0'])
      expect(await ids({ to: noon })).toEqual(['early-r0'])
      expect(await ids({ from: noon + 51 })).toEqual(['late-r0', 'long-r0'])
    })

    test('of a node has jobs that had it, also when Slurm takes it away', async () => {
      await store.apply([started({}, { node: 'n1', nodes: ['n1', 'n2'] })])
      await store.apply([recorded({}, { nodes: 'n[1,3]' }, noon + 1)])
      for (const node of ['n1', 'n2', 'n3']) expect((await store.list({ ...all, node })).total, node).toBe(1)
    })

    test('of open runs has those that are pending or running', async () => {
      await store.apply([started({ jobId: '1' }), started({ jobId: '2' }), finished({ jobId: '2' })])
      await store.apply([recorded({ jobId: '3' }, { state: 'PENDING' }, noon + 1)])
      expect(idsOf(await store.open())).toEqual(['3-r0', '1-r0'])
    })

    test('counts states, and every run that ever was', async () => {
      await store.apply([
        started({ jobId: '1' }),
        started({ jobId: '2' }),
        finished({ jobId: '2' }),
        created({ jobId: 'x' }),
      ])
      await store.apply([deleted({ jobId: 'x' })])
      await reopen()
      expect(await store.countByState()).toEqual({ pending: 0, running: 1, completed: 1, failed: 0, cancelled: 0 })
      expect(await store.totalRuns()).toBe(3)
    })
  })

  describe('the audit', () => {
    test('has who changed what, newest first, with the event as it came', async () => {
      const nodes = Array.from({ length: 30 }, (_, index) => `gpu-${index}`)
      const start = started({}, { nodes })
      await store.apply([start, started({ jobId: '900' }), finished()])
      const rows = await store.audit({ jobId: 'slurm-812', limit: 10 })
      expect(rows.map(({ kind, outcome }) => `${kind} ${outcome}`)).toEqual(['finished updated', 'started created'])
      expect(rows[1]).toMatchObject({
        changedBy: 'agent gpu-001',
        source: 'agent',
        jobId: '812',
        restart: 0,
        event: start,
      })
      expect((await store.audit({ limit: 10 })).map(({ jobId }) => jobId)).toEqual(['812', '900', '812'])
    })

    test('is read page by page', async () => {
      for (let jobId = 0; jobId < 5; jobId++) await store.apply([started({ jobId: String(jobId) })])
      const first = await store.audit({ limit: 2 })
      const second = await store.audit({ limit: 2, before: first.at(-1)?.seq ?? 0 })
      expect([...first, ...second].map(({ jobId }) => jobId)).toEqual(['4', '3', '2', '1'])
      expect(await store.audit({ jobId: '0', limit: 5, before: first[0]?.seq ?? 0 })).toHaveLength(1)
    })
  })

  describe('retention', () => {
    test('removes what ended long ago with all that is kept of it, and nothing else', async () => {
      await store.apply([
        started({ jobId: 'old' }),
        finished({ jobId: 'old' }),
        started({ jobId: 'long' }),
        created({ jobId: 'gone' }),
        deleted({ jobId: 'gone' }),
        started({ jobId: 'new' }, { at: noon + 500_000 }),
        finished({ jobId: 'new' }, { at: noon + 600_000 }),
      ])
      const run = { cluster: 'default', jobId: 'old', restart: 0 }
      await store.addSamples([{ run, node: 'gpu-001', samples: [{ at: noon, host: [1, 2], gpus: [] }] }])
      await store.maintain(noon + 1_000_000, { ...forever, jobsMs: 500_000 })
      expect(idsOf((await store.list(all)).runs)).toEqual(['new-r0', 'long-r0'])
      expect((await store.audit({ limit: 10 })).map(({ jobId }) => jobId)).toEqual(['new', 'new', 'long'])
      expect((await store.list({ ...all, node: 'gpu-001' })).total).toBe(2)
      expect(await store.countByState()).toMatchObject({ running: 1, completed: 1 })
      expect(await store.totalRuns()).toBe(4)
      expect(await store.figures()).toMatchObject({ sampleValues: 0, waitingBatches: 0 })
      expect((await store.apply([started({ jobId: 'old' })]))[0]?.status).toBe('created')
    })
  })

  test('50 storms of events, with duplicates, reorderings and a restart in the middle, end as the orderly run', async () => {
    const orderly = orderlyEvents()
    await store.apply(orderly)
    const expected = await everything(store)
    await fc.assert(
      fc.asyncProperty(stormOf(orderly), fc.nat({ max: 100 }), async (storm, percent) => {
        const elsewhere = await engine.makePlace()
        let other = await openJobStore(elsewhere)
        try {
          const middle = Math.floor((storm.length * percent) / 100)
          await Promise.all(inCalls(storm.slice(0, middle)).map((call) => other.apply(call)))
          await other.close()
          other = await openJobStore(elsewhere)
          await Promise.all(inCalls(storm.slice(middle)).map((call) => other.apply(call)))
          expect(await everything(other)).toEqual(expected)
        } finally {
          await other.close()
          await engine.removePlace(elsewhere)
        }
      }),
      { numRuns: 50 },
    )
  }, 120_000)
})

/** Twelve jobs: of several nodes, requeued, an array, with Slurm's words. */
function orderlyEvents(): JobEvent[] {
  return Array.from({ length: 12 }, (_, index) => index).flatMap((index): JobEvent[] => {
    const jobId = String(100 + index)
    const nodes = Array.from({ length: 1 + (index % 3) }, (_, node) => `n${node}`)
    const group = index % 4 === 0 ? { group: { arrayJobId: 100, arrayTask: String(index) } } : {}
    const runs = index % 5 === 0 ? [0, 1] : [0]
    return runs.flatMap((restart): JobEvent[] => {
      const at = noon + restart * 600_000 + index * 1000
      const exit = { status: index % 2, signal: 0 }
      return [
        recorded({ jobId, restart }, { state: 'PENDING', user: 'ada', ...group }, at - 5000),
        ...nodes.map((node) => started({ jobId, restart }, { at, node, nodes })),
        ...nodes.map((node) => finished({ jobId, restart }, { at: at + 60_000, node, exit })),
        recorded({ jobId, restart }, { state: index % 2 ? 'FAILED' : 'COMPLETED', endTime: at + 60_000 }, at + 61_000),
      ]
    })
  })
}

/** All events in any order, some of them twice. */
function stormOf(events: readonly JobEvent[]): fc.Arbitrary<JobEvent[]> {
  return fc
    .subarray([...events])
    .chain((twice) => fc.shuffledSubarray([...events, ...twice], { minLength: events.length + twice.length }))
}

function inCalls(events: readonly JobEvent[]): JobEvent[][] {
  const size = 7
  return Array.from({ length: Math.ceil(events.length / size) }, (_, index) =>
    events.slice(index * size, (index + 1) * size),
  )
}

/** What users see of a store; rows of the audit differ by the order in which events came. */
async function everything(store: JobStore): Promise<unknown> {
  const { runs, total } = await store.list({ limit: 1000, offset: 0 })
  const states = await store.countByState()
  return { runs: runs.map(sorted), total, states, open: idsOf(await store.open()), ever: await store.totalRuns() }
}

/** With the keys of all records in one order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, field]): [string, unknown] => [key, sorted(field)])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}

/** Kills a process that applies events after it has printed so many acknowledgements. @returns all that it printed */
async function killAfter(place: string, lines: number): Promise<string[]> {
  const script = fileURLToPath(new URL('../../../test/apply-until-killed.ts', import.meta.url))
  const child = spawn(process.execPath, [script, place], { stdio: ['ignore', 'pipe', 'inherit'] })
  const printed: string[] = []
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      printed.push(line)
      if (printed.length === lines) child.kill('SIGKILL')
    }
  } finally {
    child.kill('SIGKILL')
  }
  return printed
}
