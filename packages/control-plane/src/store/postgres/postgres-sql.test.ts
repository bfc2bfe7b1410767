import { systemClock } from '@navarch/system/clock'
import { silentLog } from '@navarch/system/log'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { postgresMissing, startTestPostgres, type TestPostgres, titleOf } from '../../../test/postgres.ts'
import type { Sql } from '../sql/sql.ts'
import { openPostgresPool } from './postgres-pool.ts'
import { createPostgresSql } from './postgres-sql.ts'

const effects = { clock: systemClock, random: () => 0.5, log: silentLog }

describe.skipIf(postgresMissing !== undefined)(titleOf('PostgreSQL as Sql'), () => {
  let postgres: TestPostgres
  let sql: Sql
  beforeAll(async () => {
    postgres = await startTestPostgres()
    sql = createPostgresSql(await openPostgresPool(await postgres.createDatabase(), effects), effects)
  })
  afterAll(async () => {
    await sql?.close()
    await postgres?.stop()
  })
  beforeEach(async () => {
    await sql.run('DROP TABLE IF EXISTS item')
    await sql.run('CREATE TABLE item (id BIGINT PRIMARY KEY, text TEXT, real DOUBLE PRECISION, bytes BYTEA)')
  })

  it('gives back what it was given', async () => {
    const bytes = new Uint8Array([0, 1, 254, 255])
    await sql.run('INSERT INTO item VALUES (?, ?, ?, ?)', [Number.MAX_SAFE_INTEGER, `what? 'é' \\ "`, 0.1, bytes])
    await sql.run('INSERT INTO item VALUES (?, ?, ?, ?)', [-(2n ** 63n), null, null, new Uint8Array(0)])
    expect(await sql.query('SELECT * FROM item ORDER BY id DESC')).toEqual([
      { id: Number.MAX_SAFE_INTEGER, text: `what? 'é' \\ "`, real: 0.1, bytes },
      { id: Number(-(2n ** 63n)), text: null, real: null, bytes: new Uint8Array(0) },
    ])
    expect(await sql.query('SELECT count(*) AS n, sum(id) AS s, 1 = 1 AS b FROM item WHERE id = ?', [1])).toEqual([
      { n: 0, s: null, b: 1 },
    ])
  })

  it('refuses a text that PostgreSQL cannot keep', async () => {
    await expect(sql.run('INSERT INTO item VALUES (1, ?)', ['a\0b'])).rejects.toThrow('no text with a NUL')
  })

  it('stores all of a transaction or nothing', async () => {
    const failing = sql.transaction(async (tx) => {
      await tx.run('INSERT INTO item VALUES (1)')
      await tx.transaction((inner) => inner.run('INSERT INTO item VALUES (2)'))
      throw new Error('changed its mind')
    })
    await expect(failing).rejects.toThrow('changed its mind')
    const swallowed = sql.transaction(async (tx) => {
      await tx.run('INSERT INTO item VALUES (3)')
      await tx.run('INSERT INTO item VALUES (3)').catch(() => {})
    })
    await expect(swallowed).rejects.toThrow('nothing was stored')
    expect(await sql.query('SELECT id FROM item')).toEqual([])
    expect(await sql.transaction(async (tx) => tx.query('SELECT 7 AS seven'))).toEqual([{ seven: 7 }])
  })

  it('sends statements together that are not waited for one by one', async () => {
    await sql.transaction(async (tx) => {
      await Promise.all([1, 2, 3].map((id) => tx.run('INSERT INTO item (id) VALUES (?)', [id])))
    })
    expect(await sql.query('SELECT count(*) AS n FROM item')).toEqual([{ n: 3 }])
  })

  it('runs a transaction again that lost against another', async () => {
    await sql.run('INSERT INTO item VALUES (1, NULL, 0), (2, NULL, 0)')
    let runs = 0
    // Each locks its first row and then wants the other's: one of them must give way.
    let arrived = 0
    let open = () => {}
    const both = new Promise<void>((resolve) => {
      open = resolve
    })
    const add = (first: number, second: number) =>
      sql.transaction(async (tx) => {
        runs += 1
        await tx.run('UPDATE item SET real = real + 1 WHERE id = ?', [first])
        arrived += 1
        if (arrived === 2) open()
        await both
        await tx.run('UPDATE item SET real = real + 1 WHERE id = ?', [second])
      })
    await Promise.all([add(1, 2), add(2, 1)])
    expect(runs).toBe(3)
    expect(await sql.query('SELECT real FROM item')).toEqual([{ real: 2 }, { real: 2 }])
  })

  it('goes on by itself when the server is back', async () => {
    await sql.run('INSERT INTO item (id) VALUES (1)')
    await postgres.kill()
    await expect(sql.query('SELECT id FROM item')).rejects.toThrow(/^the database: /)
    await postgres.start()
    expect(await sql.query('SELECT id FROM item')).toEqual([{ id: 1 }])
  })
})
