import type { JobEvent } from '@navarch/core/job/job-event'
import { viewJob } from '@navarch/core/job/view-job'
import { systemClock } from '@navarch/system/clock'
import { silentLog } from '@navarch/system/log'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { postgresMissing, startTestPostgres, type TestPostgres, titleOf } from '../../../test/postgres.ts'
import type { JobStore } from '../job-store.ts'
import { openPostgresPool } from '../postgres/postgres-pool.ts'
import { createPostgresSql } from '../postgres/postgres-sql.ts'
import { openPostgresJobStore } from './postgres-job-store.ts'

const effects = { clock: systemClock, random: Math.random, log: silentLog }

const nodes = Array.from({ length: 60 }, (_, index) => `gpu-${index + 1}`)
const base = (jobId: string, at: number) => ({
  job: { cluster: 'default', jobId, restart: 0 },
  at,
  receivedAt: at,
  origin: { changedBy: 'prolog', source: 'hook', correlationId: 'c' },
})
const started = (jobId: string, node: string): JobEvent => ({
  ...base(jobId, 1_000),
  kind: 'started',
  node,
  user: 'alice',
  nodes,
})
const finished = (jobId: string, node: string): JobEvent => ({
  ...base(jobId, 9_000),
  kind: 'finished',
  node,
  exit: { status: 0, signal: 0 },
})

describe.skipIf(postgresMissing !== undefined)(titleOf('jobs in PostgreSQL'), { timeout: 60_000 }, () => {
  let postgres: TestPostgres
  const opened: { close(): Promise<void> }[] = []
  beforeAll(async () => {
    postgres = await startTestPostgres()
  })
  afterAll(() => postgres?.stop())
  afterEach(async () => {
    for (const one of opened.splice(0).reverse()) await one.close()
  })

  /** As another control plane would: over connections of its own. */
  async function open(url: string): Promise<JobStore> {
    const pool = await openPostgresPool(url, effects)
    const sql = createPostgresSql(pool, effects)
    const store = await openPostgresJobStore(pool.description, sql)
    opened.push(sql, store)
    return store
  }

  it('lose nothing when several control planes apply events of the same jobs at once', async () => {
    const url = await postgres.createDatabase()
    const stores = await Promise.all([open(url), open(url), open(url)])
    const jobs = ['1', '2', '3']
    const events = jobs.flatMap((job) => nodes.flatMap((node) => [started(job, node), finished(job, node)]))
    // Every store gets a third of each job, and a tenth of all again.
    const calls = events.flatMap((event, index) => {
      const store = stores[index % 3]
      const again = index % 10 === 0 ? [stores[(index + 1) % 3]] : []
      return [store, ...again].map((one) => one?.apply([event]))
    })
    const outcomes = (await Promise.all(calls)).flatMap((outcome) => outcome ?? [])
    expect(outcomes.filter(({ status }) => status === 'conflict' || status === 'not-found')).toEqual([])
    for (const job of jobs) {
      const runs = (await stores[0]?.find(job)) ?? []
      expect(runs).toHaveLength(1)
      expect(runs.map((run) => viewJob(run))).toMatchObject([{ state: 'completed', startTime: 1_000, endTime: 9_000 }])
      expect(Object.keys(runs[0]?.started ?? {}).sort()).toEqual([...nodes].sort())
      expect(Object.keys(runs[0]?.finished ?? {}).sort()).toEqual([...nodes].sort())
      expect(await stores[1]?.audit({ jobId: job, limit: 1_000 })).toHaveLength(2 * nodes.length)
    }
    expect(await stores[2]?.totalRuns()).toBe(jobs.length)
    expect(await stores[2]?.countByState()).toMatchObject({ completed: jobs.length, running: 0 })
  })

  it('are refused while the server is away, and taken when it is back', async () => {
    const store = await open(await postgres.createDatabase())
    await store.apply([started('1', 'gpu-1')])
    await postgres.kill()
    await expect(store.apply([finished('1', 'gpu-1')])).rejects.toThrow(/^the database: /)
    await postgres.start()
    await store.apply([finished('1', 'gpu-1')])
    expect(await store.find('1')).toHaveLength(1)
  })
})
