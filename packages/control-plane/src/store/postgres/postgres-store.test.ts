import { systemClock } from '@navarch/system/clock'
import { silentLog } from '@navarch/system/log'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postgresMissing, startTestPostgres, type TestPostgres, titleOf } from '../../../test/postgres.ts'
import type { Change } from '../store.ts'
import { takeLease } from './lease.ts'
import { openPostgresPool } from './postgres-pool.ts'
import { createPostgresSql } from './postgres-sql.ts'
import { openPostgresStore } from './postgres-store.ts'

const effects = { clock: systemClock, random: () => 0.5, log: silentLog }
let leases = 0

const event = (seq: number): Change => ({
  kind: 'event',
  event: { seq, at: seq, type: 'test', pool: '', node: '', operation: '', message: '' },
})

describe.skipIf(postgresMissing !== undefined)(titleOf('the fleet in PostgreSQL'), () => {
  let postgres: TestPostgres
  beforeAll(async () => {
    postgres = await startTestPostgres()
  })
  afterAll(() => postgres?.stop())

  const open = async (url: string) => {
    const pool = await openPostgresPool(url, effects)
    const sql = createPostgresSql(pool, effects)
    const lease = await takeLease(pool, `test ${++leases}`, { ...effects, waitMs: 1_000 })
    const store = await openPostgresStore(pool, sql, effects, lease)
    const close = async () => {
      await store.close()
      await sql.close()
    }
    return { ...store, close, sql }
  }

  it('waits for a server that goes away, and stores each commit once', async () => {
    const store = await open(await postgres.createDatabase())
    await store.commit([event(1)])
    const commits: Promise<void>[] = []
    const commitSome = async (from: number) => {
      for (let seq = from; seq < from + 100; seq++) {
        commits.push(store.commit([event(seq)]))
        if (seq % 10 === 0) await new Promise((resolve) => setImmediate(resolve))
      }
    }
    await commitSome(2)
    await postgres.kill()
    await commitSome(102)
    await postgres.start()
    await Promise.all(commits)
    expect((await store.eventsSince(0, 1000)).map(({ seq }) => seq)).toEqual(
      Array.from({ length: 201 }, (_, i) => i + 1),
    )
    await store.close()
  })

  it('stores nothing more once another control plane has taken it over', async () => {
    const store = await open(await postgres.createDatabase())
    await store.commit([event(1)])
    await store.sql.run(`UPDATE navarch_lease SET holder = 'another', commits = 0`)
    await expect(store.commit([event(2)])).rejects.toThrow(/another control plane has taken it over/)
    expect((await store.load()).lastSeq).toBe(1)
    await store.close()
  })

  it('is taken over once the connection of the one before has ended', async () => {
    const url = await postgres.createDatabase()
    const first = await open(url)
    await first.sql.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'navarch-control-plane % on %'`,
    )
    const second = await open(url)
    await second.commit([event(1)])
    await expect(first.commit([event(1)])).rejects.toThrow(/another control plane is using it/)
    await second.close()
    await first.close()
  })
})
