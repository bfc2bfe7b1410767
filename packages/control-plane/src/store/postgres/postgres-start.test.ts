import { createServer } from 'node:net'
import { systemClock } from '@navarch/system/clock'
import { createLog, silentLog } from '@navarch/system/log'
import { createManualClock } from '@navarch/system/manual-clock'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postgresMissing, startTestPostgres, type TestPostgres, titleOf } from '../../../test/postgres.ts'
import { takeLease } from './lease.ts'
import { migratePostgres } from './migrate-postgres.ts'
import { openPostgresPool } from './postgres-pool.ts'
import { createPostgresSql } from './postgres-sql.ts'
import { openPostgresStore } from './postgres-store.ts'

const effects = { clock: systemClock, random: () => 0.5, log: silentLog }

describe('a database that is away at the start', () => {
  it('is tried for a minute, each time told, and then named without its password', async () => {
    const clock = createManualClock(0)
    const lines: string[] = []
    const log = createLog((line) => lines.push(line), { now: clock.now })
    const port = await closedPort()
    const url = `postgres://hpc:hunter2@127.0.0.1:${port}/jobs?sslmode=disable`
    let end: unknown
    const opening = openPostgresPool(url, { clock, random: () => 1, log }).catch((error: unknown) => {
      end = error
    })
    while (end === undefined) {
      await new Promise((resolve) => setImmediate(resolve))
      await clock.advance(250)
    }
    await opening
    expect(String(end)).toContain(
      `postgres://hpc@127.0.0.1:${port}/jobs did not answer within 60 s: connect ECONNREFUSED`,
    )
    expect(lines.length).toBeGreaterThan(10)
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ msg: 'the database does not answer; trying again' })
    expect(lines.join() + String(end)).not.toContain('hunter2')
    expect(clock.now()).toBeGreaterThan(50_000)
  })
})

describe.skipIf(postgresMissing !== undefined)(titleOf('a PostgreSQL'), () => {
  let postgres: TestPostgres
  beforeAll(async () => {
    postgres = await startTestPostgres()
  })
  afterAll(() => postgres?.stop())

  it.each([
    [
      'with a wrong password',
      (url: string) => url.replace('secret', 'hunter2'),
      /password authentication failed .*check user/,
    ],
    [
      'without the database',
      (url: string) => url.replace(/navarch_\d+\?/, 'nowhere?'),
      /"nowhere" does not exist; make it/,
    ],
    [
      'without TLS that must be',
      (url: string) => url.replace('disable', 'require'),
      /does not support SSL .*check sslmode/,
    ],
  ])('%s refuses at once, and the error has no password', async (_title, change, message) => {
    const opening = openPostgresPool(change(await postgres.createDatabase()), effects)
    await expect(opening).rejects.toThrow(message)
    await expect(opening).rejects.not.toThrow(/hunter2|secret/)
  })

  it('without TLS is used as it is where TLS is only preferred', async () => {
    const pool = await openPostgresPool((await postgres.createDatabase()).replace('disable', 'prefer'), effects)
    const { rows } = await pool.pool.query('SELECT ssl::int FROM pg_stat_ssl WHERE pid = pg_backend_pid()')
    expect(rows).toEqual([{ ssl: 0 }])
    await pool.close()
  })

  it('acknowledges nothing that is not on disk, whatever its settings', async () => {
    const url = await postgres.createDatabase()
    const before = await openPostgresPool(url, effects)
    await before.pool.query('ALTER ROLE navarch SET synchronous_commit = off')
    await before.close()
    const pool = await openPostgresPool(url, effects)
    const own = await pool.connect()
    for (const connection of [pool.pool, own]) {
      const { rows } = await connection.query('SHOW synchronous_commit')
      expect(rows).toEqual([{ synchronous_commit: 'on' }])
    }
    await own.query('ALTER ROLE navarch RESET synchronous_commit')
    await own.end()
    await pool.close()
  })

  it('that a newer version wrote is refused', async () => {
    const pool = await openPostgresPool(await postgres.createDatabase(), effects)
    const sql = createPostgresSql(pool, effects)
    await migratePostgres(sql, 'fleet', [])
    await sql.run(`UPDATE navarch_schema SET version = 99 WHERE name = 'fleet'`)
    const lease = await takeLease(pool, 'test', { ...effects, waitMs: 0 })
    await expect(openPostgresStore(pool, sql, effects, lease)).rejects.toThrow(
      /^fleet: it was written by a newer version \(schema 99, this one knows \d+\)$/,
    )
    await pool.close()
  })

  it('that two processes open at once gets its schema once', async () => {
    const url = await postgres.createDatabase()
    const pools = await Promise.all([1, 2, 3].map(() => openPostgresPool(url, effects)))
    const migrations = ['CREATE TABLE once (id INTEGER PRIMARY KEY) STRICT; INSERT INTO once VALUES (1)']
    await Promise.all(pools.map((pool) => migratePostgres(createPostgresSql(pool, effects), 'test', migrations)))
    expect((await pools[0]?.pool.query('SELECT * FROM once'))?.rows).toEqual([{ id: 1 }])
    for (const pool of pools) await pool.close()
  })
})

async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return address !== null && typeof address === 'object' ? address.port : 0
}
