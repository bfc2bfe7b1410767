import { backoffDelay } from '@navarch/system/backoff'
import type pg from 'pg'
import type { Row, Sql, SqlValue } from '../sql/sql.ts'
import { StoreError } from '../store.ts'
import { isAway, isConflict, sentenceOf } from './postgres-error.ts'
import type { PostgresEffects, PostgresPool } from './postgres-pool.ts'
import { createTexts } from './statement-texts.ts'

/** Conflicts after which a transaction is given up. */
const maxConflicts = 8

/**
 * A PostgreSQL as `Sql`. Statements of a transaction that are not waited for one by one travel together.
 * @throws StoreError from every method; `isAway` of its cause tells that the server is away
 */
export function createPostgresSql(
  { pool, close }: Pick<PostgresPool, 'pool' | 'close'>,
  { clock, random }: Pick<PostgresEffects, 'clock' | 'random'>,
): Sql {
  const textOf = createTexts()
  const send = (client: pg.Pool | pg.PoolClient, sql: string, parameters: readonly SqlValue[] = []) =>
    client.query({ ...textOf(sql), values: parameters.map(parameterOf) }).then((result) => result.rows as Row[], fail)

  const attempt = async <T>(work: (tx: Sql) => Promise<T>): Promise<T> => {
    const client = await pool.connect().catch(fail)
    let broken: unknown
    try {
      const begun = client.query('BEGIN')
      // Its failure is told below, after that of the first statement, which follows from it.
      begun.catch(() => {})
      const tx: Sql = {
        dialect: 'postgres',
        query: (sql, parameters) => send(client, sql, parameters),
        run: async (sql, parameters) => void (await send(client, sql, parameters)),
        runAll: async (sql, parameters) =>
          void (await Promise.all(parameters.map((values) => send(client, sql, values)))),
        transaction: (inner) => inner(tx),
        close: () => Promise.reject(new StoreError('a transaction cannot be closed')),
      }
      const result = await work(tx)
      await begun
      // A transaction in which a statement failed is rolled back by COMMIT, without an error.
      const { command } = await client.query('COMMIT')
      if (command !== 'COMMIT') throw new StoreError('a statement of the transaction failed, so nothing was stored')
      return result
    } catch (error) {
      broken =
        isAway(error) ||
        (await client.query('ROLLBACK').then(
          () => undefined,
          () => true,
        ))
      return fail(error)
    } finally {
      client.release(Boolean(broken))
    }
  }

  return {
    dialect: 'postgres',
    query: (sql, parameters) => send(pool, sql, parameters),
    run: async (sql, parameters) => void (await send(pool, sql, parameters)),
    async runAll(sql, parameters) {
      for (const values of parameters) await send(pool, sql, values)
    },
    async transaction(work) {
      for (let conflicts = 0; ; conflicts++) {
        try {
          return await attempt(work)
        } catch (error) {
          if (!isConflict(error) || conflicts === maxConflicts) throw error
          await clock.sleep(backoffDelay({ firstMs: 5, maxMs: 200 }, conflicts, random()))
        }
      }
    },
    close,
  }
}

function parameterOf(value: SqlValue): string | number | null | Buffer {
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  if (typeof value === 'string' && value.includes('\0')) {
    throw new StoreError('PostgreSQL keeps no text with a NUL character in it')
  }
  return value
}

function fail(cause: unknown): never {
  if (cause instanceof StoreError) throw cause
  throw new StoreError(`the database: ${sentenceOf(cause)}`, { cause })
}
