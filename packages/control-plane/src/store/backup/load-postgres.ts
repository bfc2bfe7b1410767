import type { BackupHeader } from '@navarch/api/backup'
import { migratePostgres, schemaVersionIn } from '../postgres/migrate-postgres.ts'
import { schemas, type TableShape, tablesOf } from '../schemas.ts'
import type { Sql, SqlValue } from '../sql/sql.ts'
import { columnsOf } from './load-sqlite.ts'
import type { RestorePart } from './read-restorable.ts'

/** Parameters of one statement; the protocol's limit is 65,535. */
const maxParameters = 8_000

/**
 * Replaces what a PostgreSQL holds by a backup, in one transaction: until it commits, everybody else sees what was there
 * before, or waits.
 * @param id of this restore; the same one is not done twice
 */
export async function loadPostgres(sql: Sql, id: string, parts: () => AsyncIterable<RestorePart>): Promise<void> {
  await sql.transaction(async (tx) => {
    await tx.run(`SET LOCAL lock_timeout = '30s'`)
    await tx.run('CREATE TABLE IF NOT EXISTS navarch_restore (id TEXT PRIMARY KEY)')
    if ((await tx.query('SELECT id FROM navarch_restore WHERE id = ?', [id])).length > 0) return
    await tx.run('INSERT INTO navarch_restore (id) VALUES (?)', [id])
    let header: BackupHeader | undefined
    for await (const part of parts()) {
      if ('header' in part) {
        header = part.header
        await makeTables(tx, header)
      } else if ('rows' in part) {
        await insertRows(tx, part.table, columnsOf(header, part.database, part.table), part.rows)
      }
    }
    for (const schema of schemas) {
      await migratePostgres(tx, schema.name, schema.migrations)
      for (const table of tablesOf(schema)) await restartCounter(tx, table)
    }
  })
}

/** Makes the tables anew, empty, as they were when the backup was made. */
async function makeTables(tx: Sql, header: BackupHeader): Promise<void> {
  for (const schema of schemas) {
    // Makes the table of versions where there is none; takes no step.
    await migratePostgres(tx, schema.name, schema.migrations, 0)
    const present = tablesOf(schema, await schemaVersionIn(tx, schema.name))
    for (const { name } of present) await tx.run(`DROP TABLE IF EXISTS "${name}" CASCADE`)
    await tx.run('DELETE FROM navarch_schema WHERE name = ?', [schema.name])
    const held = header.databases.find(({ name }) => name === schema.name)
    await migratePostgres(tx, schema.name, schema.migrations, held?.schema ?? 0)
    // What the steps themselves have put in is in the backup.
    for (const { name } of held?.tables ?? []) await tx.run(`DELETE FROM "${name}"`)
  }
}

async function insertRows(tx: Sql, table: string, columns: readonly string[], rows: SqlValue[][]): Promise<void> {
  const names = columns.map((column) => `"${column}"`).join(', ')
  const places = `(${columns.map(() => '?').join(', ')})`
  const size = Math.max(1, Math.floor(maxParameters / columns.length))
  for (let from = 0; from < rows.length; from += size) {
    const some = rows.slice(from, from + size)
    const values = some.map(() => places).join(', ')
    await tx.run(`INSERT INTO "${table}" (${names}) VALUES ${values}`, some.flat())
  }
}

/** Lets a counter of the table's own go on after the highest number that was restored. */
async function restartCounter(tx: Sql, { name, columns }: TableShape): Promise<void> {
  for (const column of columns) {
    if (column.type !== 'INTEGER') continue
    await tx.query(
      `SELECT setval(counter, greatest(1, (SELECT coalesce(max("${column.name}"), 0) FROM "${name}")))
       FROM (SELECT pg_get_serial_sequence(?, ?) AS counter) AS found WHERE counter IS NOT NULL`,
      [`"${name}"`, column.name],
    )
  }
}
