import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { BackupHeader } from '@navarch/api/backup'
import { type Schema, schemas } from '../schemas.ts'
import { migrateSqlite } from '../sqlite/database.ts'
import type { RestorePart } from './read-restorable.ts'

/**
 * Builds databases from a backup, in a folder of their own. What the backup lacks is made empty.
 * @param dir is emptied first
 * @returns when all of it is on disk
 */
export async function buildSqlite(dir: string, parts: AsyncIterable<RestorePart>): Promise<void> {
  rmSync(dir, { recursive: true, force: true })
  mkdirSync(dir, { recursive: true, mode: 0o750 })
  const databases = new Map<string, DatabaseSync>()
  const inserts = new Map<string, StatementSync>()
  let header: BackupHeader | undefined
  try {
    for await (const part of parts) {
      if ('header' in part) {
        header = part.header
        for (const schema of schemas) databases.set(schema.name, makeDatabase(dir, schema, header))
      } else if ('rows' in part) {
        const insert = insertOf(databases, inserts, header, part)
        for (const row of part.rows) insert.run(...row)
      }
    }
    for (const { name, migrations } of schemas) {
      const db = databases.get(name)
      db?.exec('COMMIT')
      if (db) migrateSqlite(db, migrations)
    }
  } finally {
    for (const db of databases.values()) db.close()
  }
  for (const { file } of schemas) syncPath(join(dir, file))
  syncPath(dir)
}

/**
 * Puts databases that `buildSqlite` made in the place of the old ones, which nobody may have open. When it is cut off, it must
 * be called again.
 */
export function swapSqlite(dir: string, dataDir: string): void {
  for (const { file } of schemas) {
    const built = join(dir, file)
    // Those that an earlier call has put in place are in use by nobody yet, and have nothing beside them.
    if (!existsSync(built)) continue
    for (const suffix of ['-wal', '-shm', '-journal']) rmSync(join(dataDir, file + suffix), { force: true })
    renameSync(built, join(dataDir, file))
  }
  syncPath(dataDir)
}

/** Returns when the file, or the entries of the folder, are on disk. */
export function syncPath(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function makeDatabase(dir: string, schema: Schema, header: BackupHeader): DatabaseSync {
  const db = new DatabaseSync(join(dir, schema.file))
  const held = header.databases.find(({ name }) => name === schema.name)
  // A build that is cut off is thrown away: it needs no journal.
  db.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF')
  migrateSqlite(db, schema.migrations, held?.schema ?? 0)
  db.exec('BEGIN')
  // What the steps themselves have put in is in the backup.
  for (const { name } of held?.tables ?? []) db.exec(`DELETE FROM "${name}"`)
  return db
}

function insertOf(
  databases: ReadonlyMap<string, DatabaseSync>,
  inserts: Map<string, StatementSync>,
  header: BackupHeader | undefined,
  { database, table }: { database: string; table: string },
): StatementSync {
  const name = `${database}.${table}`
  const found = inserts.get(name)
  if (found) return found
  const columns = columnsOf(header, database, table)
  const db = databases.get(database)
  if (!db) throw new Error(`there is no database ${database}`)
  const names = columns.map((column) => `"${column}"`).join(', ')
  const made = db.prepare(`INSERT INTO "${table}" (${names}) VALUES (${columns.map(() => '?').join(', ')})`)
  inserts.set(name, made)
  return made
}

/** The columns of a table in a backup's order. */
export function columnsOf(header: BackupHeader | undefined, database: string, table: string): string[] {
  const tables = header?.databases.find(({ name }) => name === database)?.tables
  return tables?.find(({ name }) => name === table)?.columns ?? []
}
