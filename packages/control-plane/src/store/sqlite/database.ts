import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { migrations } from './migrations.ts'
import type { Statement } from './statements.ts'

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
 * Opens (or makes) a database and brings its schema up to date.
 * @throws Error when another process has it open, or a newer version wrote it
 */
export function openDatabase(path: string): Database {
  const db = new DatabaseSync(path)
  // The lock is taken at once and kept: a second control plane on the same folder must fail at its start.
  db.exec(
    'PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL',
  )
  db.exec('BEGIN IMMEDIATE; COMMIT')
  migrate(db)
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

function migrate(db: DatabaseSync): void {
  const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0)
  if (version > migrations.length) {
    throw new Error(`it was written by a newer version (schema ${version}, this one knows ${migrations.length})`)
  }
  migrations.slice(version).forEach((migration, index) => {
    db.exec(`BEGIN; ${migration}; PRAGMA user_version = ${version + index + 1}; COMMIT`)
  })
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
