import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JobEvent } from '@navarch/core/job/job-event'
import { viewJob } from '@navarch/core/job/view-job'
import type { AccountedJob } from '@navarch/slurm/accounted-job'
import type { JobRecord } from '@navarch/slurm/job-record'
import { isFinished } from '@navarch/slurm/job-state'
import { SlurmError } from '@navarch/slurm/slurm-error'
import type { SnapshotView } from '@navarch/slurm/snapshot-poller'
import { silentLog } from '@navarch/system/log'
import { createManualClock, type ManualClock } from '@navarch/system/manual-clock'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { finished, noon, started } from '../../test/job-events.ts'
import { jobIn } from '../../test/slurm-double.ts'
import type { JobStore } from '../store/job-store.ts'
import { openSqliteJobStore } from '../store/jobs/sqlite-job-store.ts'
import { createJobReconciler, type JobReconcilerDeps } from './job-reconciler.ts'

interface SlurmOfLists {
  asked: string[]
  away: boolean
  records: JobRecord[]
  /** Undefined: there is no accounting. */
  accounting: AccountedJob[] | undefined
  look(...records: JobRecord[]): void
  link: JobReconcilerDeps['slurm']
}

/** A Slurm whose looks, records and accounting are lists. */
function slurmOf(clock: ManualClock): SlurmOfLists {
  const listeners = new Set<() => void>()
  const asked: string[] = []
  let view: SnapshotView = { failures: 0 }
  const state: SlurmOfLists = {
    asked,
    away: false,
    records: [],
    accounting: undefined,
    look(...records) {
      const snapshot = {
        takenAt: clock.now(),
        tookMs: 1,
        version: { major: 24, minor: 11, micro: 5, text: '24.11.5' },
        nodes: [],
        jobs: records.filter((job) => !isFinished(job.state)),
        finished: records.filter((job) => isFinished(job.state)),
        partitions: [],
        costs: [],
        problems: [],
      }
      view = { failures: 0, snapshot }
      for (const listener of listeners) listener()
    },
    link: {
      source: 'squeue',
      view: () => view,
      onLook(callback: () => void) {
        listeners.add(callback)
        return () => listeners.delete(callback)
      },
      config: async () => ({
        clusterName: 'lab',
        slurmctldParameters: [],
        configless: false,
        controllers: [],
        settings: {},
      }),
      jobs: {
        version: () => Promise.reject(new Error('not asked')),
        async jobDetail(id: number) {
          asked.push(`job ${id}`)
          if (state.away) throw new SlurmError('unreachable', 'no controller')
          const job = state.records.find((candidate) => candidate.id === id)
          if (!job) throw new SlurmError('not-found', `job ${id} not found`)
          return { job, fields: {} }
        },
        async accountedJobs(ids: readonly number[]) {
          asked.push(`accounting ${ids.join(',')}`)
          if (!state.accounting) throw new SlurmError('refused', 'Slurm accounting storage is disabled')
          return state.accounting.filter(({ id }) => ids.includes(id))
        },
        adminComment: async () => undefined,
        setAdminComment: async () => {},
      },
    },
  }
  return state
}

const record = (state: JobRecord['state'], more: Partial<JobRecord> = {}): JobRecord => ({
  ...jobIn(state),
  id: 812,
  nodes: 'gpu-001',
  startTime: noon,
  ...(isFinished(state) ? { endTime: noon + 60_000, exit: { status: 0, signal: 0, coreDumped: false } } : {}),
  ...more,
})
const run = (more: Partial<AccountedJob>): AccountedJob => ({
  id: 812,
  restarts: 0,
  name: 'train',
  state: 'COMPLETED',
  requested: {},
  allocated: {},
  nodes: 'gpu-001',
  startTime: noon,
  endTime: noon + 60_000,
  exit: { status: 0, signal: 0, coreDumped: false },
  ...more,
})
const inLab = { cluster: 'lab' }

let dir: string
let store: JobStore
let clock: ManualClock
let slurm: ReturnType<typeof slurmOf>
let ending: AbortController
let running: Promise<void>
let applied: JobEvent[]
let failing = false
/** Questions to the store that it has not answered. */
let open = 0

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'navarch-reconciler-'))
  store = await openSqliteJobStore(dir)
  clock = createManualClock(noon + 120_000)
  slurm = slurmOf(clock)
  applied = []
  failing = false
  open = 0
})
afterEach(async () => {
  ending.abort()
  await running
  await store.close()
  rmSync(dir, { recursive: true })
})

function start(): void {
  ending = new AbortController()
  const counted = async <T>(answer: Promise<T>): Promise<T> => {
    open++
    return answer.finally(() => open--)
  }
  const kept: JobReconcilerDeps['store'] = {
    open: () => counted(store.open()),
    find: (id) => counted(store.find(id)),
    list: (filter) => counted(store.list(filter)),
    async apply(events) {
      if (failing) throw new Error('disk full')
      applied.push(...events)
      return counted(store.apply(events))
    },
  }
  const reconciler = createJobReconciler({ store: kept, slurm: slurm.link, clock, log: silentLog, newId: () => 'c-1' })
  running = reconciler.run(ending.signal)
}
/** Lets time pass; it stands still while the store, which has threads of its own, has not answered. */
async function settle(ms = 0): Promise<void> {
  for (let passed = 0; ; passed += 5_000) {
    for (let quiet = 0; quiet < 3; quiet++) {
      await new Promise((resolve) => setImmediate(resolve))
      if (open > 0) quiet = 0
    }
    if (passed >= ms) return
    await clock.advance(Math.min(5_000, ms - passed))
  }
}
const views = async () => (await store.find('812')).map(viewJob)

describe('the jobs of a cluster', () => {
  it('follow each look, and nothing is told twice, after a restart neither', async () => {
    start()
    slurm.look(record('RUNNING'))
    await settle(5_000)
    expect(await views()).toMatchObject([{ state: 'running', cluster: 'lab', nodes: ['gpu-001'] }])
    ending.abort()
    await running
    start()
    slurm.look(record('RUNNING'), record('PENDING', { id: 813 }))
    await settle(5_000)
    slurm.look(record('COMPLETED'))
    await settle(5_000)
    expect(applied.map((event) => [event.job.jobId, event.kind === 'recorded' && event.record.state])).toEqual([
      ['812', 'RUNNING'],
      ['813', 'PENDING'],
      ['812', 'COMPLETED'],
    ])
    expect(await views()).toMatchObject([{ state: 'completed', confirmed: true }])
  })

  it('are told when the store takes them again', async () => {
    start()
    failing = true
    slurm.look(record('RUNNING'))
    await settle(10_000)
    failing = false
    await settle(10_000)
    expect(await views()).toMatchObject([{ state: 'running' }])
    expect(slurm.asked).toEqual([])
  })
})

describe('a job that Slurm does not list any more', () => {
  it('is looked up in the controller', async () => {
    await store.apply([started(inLab)])
    slurm.records = [record('TIMEOUT')]
    slurm.look()
    slurm.look(record('RUNNING', { id: 900 }))
    start()
    await settle(10_000)
    expect(slurm.asked).toEqual(['job 812'])
    expect(await views()).toMatchObject([{ state: 'failed', rawState: 'TIMEOUT', confirmed: true }])
  })

  it('is looked up in accounting where the controller has forgotten it, and its use is known', async () => {
    await store.apply([started(inLab), finished(inLab)])
    slurm.accounting = [run({ state: 'OUT_OF_MEMORY', cpuSeconds: 12.5, maxRssBytes: 4096 })]
    slurm.look(record('RUNNING', { id: 900 }))
    start()
    await settle(10_000)
    expect(slurm.asked).toEqual(['job 812', 'accounting 812'])
    expect(await views()).toMatchObject([
      {
        state: 'failed',
        rawState: 'OUT_OF_MEMORY',
        confirmed: true,
        accounted: { cpuSeconds: 12.5, maxRssBytes: 4096 },
      },
    ])
  })

  it('is looked up where the controller knows of no job at all, as after a long outage', async () => {
    await store.apply([started(inLab), finished(inLab)])
    slurm.accounting = [run({ state: 'COMPLETED' })]
    slurm.look()
    start()
    await settle(10_000)
    expect(slurm.asked).toEqual(['job 812', 'accounting 812'])
    expect(await views()).toMatchObject([{ rawState: 'COMPLETED', confirmed: true }])
  })

  it('was requeued: accounting alone has its first run', async () => {
    await store.apply([started({ ...inLab, restart: 0 }), started({ ...inLab, restart: 1 }, { at: noon + 90_000 })])
    slurm.accounting = [run({ state: 'REQUEUED', restarts: 0 }), run({ state: 'RUNNING', restarts: 1 })]
    slurm.look(record('RUNNING', { restarts: 1 }))
    start()
    await settle(10_000)
    expect(slurm.asked).toEqual(['accounting 812'])
    expect(await views()).toMatchObject([
      { runId: '812-r1', state: 'running' },
      { runId: '812-r0', state: 'cancelled', rawState: 'REQUEUED', confirmed: true, endTime: noon + 60_000 },
    ])
  })

  it('is asked about less and less often, and given up after a day with its state as it is', async () => {
    await store.apply([started(inLab), finished(inLab)])
    slurm.look(record('RUNNING', { id: 900 }))
    start()
    await settle(60 * 60_000)
    const firstHour = slurm.asked.length
    expect(firstHour).toBeGreaterThan(4)
    expect(firstHour).toBeLessThan(20)
    for (let hour = 1; hour < 26; hour++) {
      await clock.advance(60 * 60_000)
      await settle(10_000)
    }
    const after = slurm.asked.length
    for (let hour = 0; hour < 5; hour++) {
      await clock.advance(60 * 60_000)
      await settle(10_000)
    }
    expect(slurm.asked.length).toBe(after)
    expect(await views()).toMatchObject([{ state: 'completed', confirmed: false }])
  })

  it('waits while Slurm does not answer, and is not nearer to being given up', async () => {
    await store.apply([started(inLab), finished(inLab)])
    slurm.look(record('RUNNING', { id: 900 }))
    slurm.away = true
    start()
    await settle(120_000)
    expect(slurm.asked.length).toBeLessThan(8)
    slurm.away = false
    slurm.records = [record('COMPLETED')]
    await settle(60_000)
    expect(await views()).toMatchObject([{ confirmed: true }])
  })

  it('is none of Slurm when a client of the API made it', async () => {
    await store.apply([started({ cluster: 'elsewhere' }), started({ cluster: 'lab', jobId: 'by-hand' })])
    slurm.look(record('RUNNING', { id: 900 }))
    start()
    await settle(10_000)
    expect(slurm.asked).toEqual([])
  })
})
