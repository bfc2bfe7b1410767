import { backoffDelay } from '@navarch/system/backoff'
import type pg from 'pg'
import { fleetMigrations } from '../sql/fleet-migrations.ts'
import type { Statement } from '../sql/fleet-statements.ts'
import { storeOver } from '../sql/fleet-store.ts'
import type { Sql } from '../sql/sql.ts'
import { type Store, StoreError } from '../store.ts'
import { countCommit, type Lease, resumeLease } from './lease.ts'
import { migratePostgres } from './migrate-postgres.ts'
import { errorCodeOf, isAway, sentenceOf } from './postgres-error.ts'
import type { PostgresEffects, PostgresPool } from './postgres-pool.ts'
import { createTexts, type StatementText } from './statement-texts.ts'

/** How long a commit waits for a server that has gone away, ms; the start waits as long. */
const reconnectMs = 60_000

/** Statements that share one transaction at most. */
const groupSize = 1_000

interface Batch {
  statements: readonly Statement[]
  resolve: () => void
  reject: (error: unknown) => void
}

/**
 * Opens (or makes) the fleet's store in a PostgreSQL. Commits that wait together share one transaction; they are made one after
 * the other, on the connection that holds the lease. When the server goes away they wait for it; what they had done by then
 * is neither lost nor done twice.
 * @param sql for reading, over the same pool; the store closes neither
 * @param lease of the database; its connection is closed with the store
 * @throws StoreError when a newer version wrote it
 */
export async function openPostgresStore(
  pool: PostgresPool,
  sql: Sql,
  effects: PostgresEffects,
  lease: Lease,
): Promise<Store> {
  const { clock, random, log } = effects
  const leaseOptions = { clock, random, waitMs: 1_000 }
  const textOf = createTexts()
  const waiting: Batch[] = []
  let current = lease
  let working = Promise.resolve()
  let closed = false

  try {
    await migratePostgres(sql, 'fleet', fleetMigrations)
  } catch (error) {
    await lease.client.end().catch(() => {})
    throw error
  }

  /** Stores a group, all of it or nothing. @throws what a statement of it failed with */
  const storeGroup = async (batches: readonly Batch[]): Promise<void> => {
    const giveUpAt = clock.now() + reconnectMs
    const statements = batches.flatMap((batch) =>
      batch.statements.map(({ sql, parameters }) => ({ ...textOf(sql), values: parameters })),
    )
    for (let attempt = 0; ; attempt++) {
      try {
        await runGroup(current, statements)
        current.commits += 1
        return
      } catch (error) {
        if (!isAway(error)) throw lostTo(error, pool)
        const pauseMs = backoffDelay({ firstMs: 100, maxMs: 5_000 }, attempt, random())
        if (closed || clock.now() + pauseMs > giveUpAt) throw error
        log.warn('the database does not answer; trying again', { error: sentenceOf(error), retry_in_ms: pauseMs })
        await clock.sleep(pauseMs)
      }
      const resumed = await resumeLease(pool, current, leaseOptions).catch((error: unknown) => {
        if (!isAway(error)) throw error
      })
      if (!resumed) continue
      const wasStored = resumed.commits === current.commits + 1
      current = resumed
      if (wasStored) return
    }
  }

  const settle = async (batches: readonly Batch[]): Promise<void> => {
    try {
      await storeGroup(batches)
      for (const batch of batches) batch.resolve()
    } catch (error) {
      if (batches.length === 1 || isAway(error)) {
        const told = new StoreError(`${pool.description}: ${sentenceOf(error)}`, { cause: error })
        for (const batch of batches) batch.reject(told)
      } else {
        // One of them cannot be stored; the others can.
        for (const batch of batches) await settle([batch])
      }
    }
  }

  const drain = async (): Promise<void> => {
    while (waiting.length > 0) {
      const group: Batch[] = []
      let size = 0
      do {
        const batch = waiting.shift()
        if (!batch) break
        group.push(batch)
        size += batch.statements.length
      } while (size < groupSize)
      await settle(group)
    }
  }

  return storeOver(pool.description, {
    commit: (statements) =>
      new Promise((resolve, reject) => {
        if (closed) {
          reject(new StoreError(`${pool.description} is closed`))
          return
        }
        waiting.push({ statements, resolve, reject })
        // Those that come in the same turn join it.
        if (waiting.length === 1) working = working.then(drain)
      }),
    query: (statement) => sql.query(statement.sql, statement.parameters),
    async close() {
      closed = true
      await working
      await current.client.end().catch(() => {})
    },
  })
}

/** Runs all statements in one transaction, sent together. @throws the first failure */
async function runGroup(
  { client, id, commits }: Lease,
  statements: readonly (StatementText & { values: Statement['parameters'] })[],
): Promise<void> {
  const sent: Promise<pg.QueryResult>[] = [
    client.query('BEGIN'),
    client.query({ name: 'navarch_count', text: countCommit, values: [id, commits] }),
    ...statements.map((statement) => client.query(statement)),
    client.query('COMMIT'),
  ]
  const outcomes = await Promise.allSettled(sent)
  const failure = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failure) throw failure.reason
  const last = outcomes.at(-1)
  if (last?.status === 'fulfilled' && last.value.command !== 'COMMIT') throw new StoreError('nothing was stored')
}

function lostTo(error: unknown, pool: PostgresPool): unknown {
  const divisionByZero = '22012'
  if (errorCodeOf(error) !== divisionByZero) return error
  return new StoreError(`${pool.description}: another control plane has taken it over`)
}
