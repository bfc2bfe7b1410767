import { createHash } from 'node:crypto'
import {
  type BackupDatabase,
  type BackupHeader,
  type BackupTrailer,
  type BackupValue,
  backupFormat,
  backupVersion,
} from '@navarch/api/backup'
import { schemas, tablesOf } from '../schemas.ts'
import type { SqlValue } from '../sql/sql.ts'

/** All databases as they were at one moment. */
export interface Snapshot {
  source: string
  /** The rows of a table in its order of columns, in batches. */
  rows(database: string, table: string, columns: readonly string[]): AsyncIterable<SqlValue[][]>
}

/** The databases that every backup has, as this version knows them. */
function currentDatabases(): BackupDatabase[] {
  return schemas.map((schema) => ({
    name: schema.name,
    schema: schema.migrations.length,
    tables: tablesOf(schema).map(({ name, columns }) => ({ name, columns: columns.map((column) => column.name) })),
  }))
}

/** Bytes that are given on together, about. */
const chunkBytes = 256 * 1024

/** The lines of a backup, not compressed yet. See `@navarch/api/backup` for what they are. */
export async function* writeBackup(
  snapshot: Snapshot,
  about: { createdAt: number; productVersion: string },
): AsyncGenerator<Uint8Array, void> {
  const hash = createHash('sha256')
  const counts: Record<string, number> = {}
  let lines: string[] = []
  let size = 0
  const take = () => {
    const chunk = Buffer.from(lines.join(''))
    hash.update(chunk)
    lines = []
    size = 0
    return chunk
  }
  const add = (line: unknown) => {
    const text = `${JSON.stringify(line)}\n`
    lines.push(text)
    size += text.length
  }

  const databases = currentDatabases()
  const header: BackupHeader = {
    format: backupFormat,
    version: backupVersion,
    created_at: new Date(about.createdAt).toISOString(),
    product_version: about.productVersion,
    source: snapshot.source,
    databases,
  }
  add(header)
  for (const database of databases) {
    for (const table of database.tables) {
      const name = `${database.name}.${table.name}`
      add({ table: name })
      let count = 0
      for await (const rows of snapshot.rows(database.name, table.name, table.columns)) {
        for (const row of rows) {
          add(row.map(encoded))
          count += 1
          if (size >= chunkBytes) yield take()
        }
      }
      counts[name] = count
    }
  }
  yield take()
  const trailer: BackupTrailer = { rows: counts, sha256: hash.digest('hex') }
  yield Buffer.from(`${JSON.stringify(trailer)}\n`)
}

function encoded(value: SqlValue): BackupValue {
  if (value instanceof Uint8Array) {
    return { base64: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') }
  }
  return typeof value === 'bigint' ? Number(value) : value
}
