import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Row, Sql, SqlValue } from './sql.ts'

/** Statements that are kept prepared. */
const maxPrepared = 300

/**
 * An open SQLite database as `Sql`, in the thread that calls it: a statement blocks it while it runs. Transactions come one after
 * the other, and what is outside of one waits for its end, so nobody sees what is not committed.
 */
export function createSqliteSql(db: DatabaseSync): Sql {
  const prepared = new Map<string, StatementSync>()
  const statement = (sql: string): StatementSync => {
    const known = prepared.get(sql)
    if (known) return known
    const made = db.prepare(sql)
    if (prepared.size < maxPrepared) prepared.set(sql, made)
    return made
  }
  // The column types of our schemas are STRICT, so that rows hold what they say.
  const query = async (sql: string, parameters: readonly SqlValue[] = []) =>
    statement(sql).all(...parameters) as unknown as Row[]
  const run = async (sql: string, parameters: readonly SqlValue[] = []) => void statement(sql).run(...parameters)
  // One promise for thousands of rows.
  const runAll = async (sql: string, parameters: readonly (readonly SqlValue[])[]) => {
    const wanted = parameters.length > 0 ? statement(sql) : undefined
    for (const values of parameters) wanted?.run(...values)
  }
  const tx: Sql = {
    dialect: 'sqlite',
    query,
    run,
    runAll,
    transaction: (work) => work(tx),
    close: () => Promise.reject(new Error('a transaction cannot be closed')),
  }

  let last: Promise<unknown> = Promise.resolve()
  const alone = <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work)
    last = result.catch(() => {})
    return result
  }
  return {
    dialect: 'sqlite',
    query: (sql, parameters) => alone(() => query(sql, parameters)),
    run: (sql, parameters) => alone(() => run(sql, parameters)),
    runAll: (sql, parameters) => alone(() => runAll(sql, parameters)),
    transaction: (work) =>
      alone(async () => {
        db.exec('BEGIN IMMEDIATE')
        try {
          const result = await work(tx)
          db.exec('COMMIT')
          return result
        } catch (error) {
          // SQLite rolls back by itself after some errors, a full disk among them.
          if (db.isTransaction) db.exec('ROLLBACK')
          throw error
        }
      }),
    close: () => alone(async () => db.close()),
  }
}
