import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { fleetMigrations } from '../sql/fleet-migrations.ts'
import type { Statement } from '../sql/fleet-statements.ts'
import { newerSchema } from '../store.ts'

export interface Database {
  /**
   * Runs batches in one transaction, each batch whole or not at all.
   * @returns for each batch, what went wrong with it; undefined when it is on disk
   */
  commit(batches: readonly (readonly Statement[])[]): (string | undefined)[]
  query(statement: Statement): Record<string, unknown>[]
  close(): void
}

/**
 * Opens (or makes) a database and brings its schema up to date. That no other process writes it is `lockDataDir`'s to say;
 * a backup reads it at the same time.
 * @throws Error when a newer version wrote it
 */
export function openDatabase(path: string): Database {
  const db = new DatabaseSync(path)
  db.exec('PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  migrateSqlite(db, fleetMigrations)
  const prepared = new Map<string, StatementSync>()
  const statement = (sql: string): StatementSync => {
    const found = prepared.get(sql) ?? db.prepare(sql)
    prepared.set(sql, found)
    return found
  }
  const run = (batch: readonly Statement[]): string | undefined => {
    db.exec('SAVEPOINT batch')
    try {
      for (const { sql, parameters } of batch) statement(sql).run(...parameters)
      db.exec('RELEASE batch')
      return undefined
    } catch (error) {
      db.exec('ROLLBACK TO batch; RELEASE batch')
      return messageOf(error)
    }
  }
  return {
    commit(batches) {
      try {
        db.exec('BEGIN IMMEDIATE')
        const outcomes = batches.map(run)
        db.exec('COMMIT')
        return outcomes
      } catch (error) {
        if (db.isTransaction) db.exec('ROLLBACK')
        return batches.map(() => messageOf(error))
      }
    },
    query: ({ sql, parameters }) => statement(sql).all(...parameters),
    close: () => db.close(),
  }
}

/**
 * Brings the schema of an SQLite database up to date, step by step.
 * @param until number of steps to take; all of them when it is undefined
 * @throws Error when a newer version wrote it
 */
export function migrateSqlite(
  db: DatabaseSync,
  migrations: readonly string[],
  until: number = migrations.length,
): void {
  const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0)
  if (version > migrations.length) throw new Error(newerSchema(version, migrations.length))
  migrations.slice(version, until).forEach((migration, index) => {
    db.exec(`BEGIN; ${migration}; PRAGMA user_version = ${version + index + 1}; COMMIT`)
  })
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
