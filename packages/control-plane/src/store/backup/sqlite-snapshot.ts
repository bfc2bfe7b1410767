import { DatabaseSync } from 'node:sqlite'
import { schemas } from '../schemas.ts'
import type { SqlValue } from '../sql/sql.ts'
import type { Snapshot } from './write-backup.ts'

const batchRows = 500

/**
 * The databases of the embedded engine as they are now. Writers go on meanwhile; what they write is not seen. Each database is
 * whole; the moments of the databases lie microseconds apart, and no change concerns more than one of them.
 * @param files path of each database, by its name
 */
export function openSqliteSnapshot(
  files: Readonly<Record<string, string>>,
  source: string,
): Snapshot & { close(): void } {
  const databases = new Map<string, DatabaseSync>()
  try {
    for (const { name } of schemas) {
      const path = files[name]
      if (path === undefined) throw new Error(`no file is named for ${name}`)
      const db = new DatabaseSync(path, { readOnly: true })
      databases.set(name, db)
      db.exec('PRAGMA busy_timeout = 5000')
    }
    // A transaction sees the database as it was at its first read.
    for (const db of databases.values()) db.exec('BEGIN; SELECT 1 FROM sqlite_schema')
  } catch (error) {
    for (const db of databases.values()) db.close()
    throw error
  }
  return {
    source,
    async *rows(database, table, columns) {
      const db = databases.get(database)
      if (!db) throw new Error(`there is no database ${database}`)
      const select = db.prepare(`SELECT ${columns.map((column) => `"${column}"`).join(', ')} FROM "${table}"`)
      select.setReturnArrays(true)
      let batch: SqlValue[][] = []
      for (const row of select.iterate()) {
        // The statement gives arrays, which the types do not know.
        batch.push(row as unknown as SqlValue[])
        if (batch.length >= batchRows) {
          yield batch
          batch = []
        }
      }
      yield batch
    },
    close() {
      for (const db of databases.values()) db.close()
    },
  }
}
