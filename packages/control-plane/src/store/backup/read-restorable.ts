import { type BackupDatabase, BackupError, type BackupHeader, type BackupPart, readBackup } from '@navarch/api/backup'
import { type Schema, schemas, type TableShape, tablesOf } from '../schemas.ts'
import type { SqlValue } from '../sql/sql.ts'
import { newerSchema } from '../store.ts'

/** A part of a backup that fits this version's schemas. */
export type RestorePart =
  | { header: BackupHeader }
  | { database: string; table: string; rows: SqlValue[][] }
  | Extract<BackupPart, { trailer: unknown }>

/**
 * Reads a backup to its end and checks that it can be restored here: besides what `readBackup` checks, that its databases,
 * tables and columns are those of a schema that we know, and its values of their types.
 * @throws BackupError
 */
export async function* readRestorable(source: AsyncIterable<Uint8Array>): AsyncGenerator<RestorePart, void> {
  let columns = new Map<string, TableShape['columns']>()
  for await (const part of readBackup(source)) {
    if ('header' in part) {
      columns = new Map(part.header.databases.flatMap(checkedDatabase))
      yield part
    } else if ('trailer' in part) {
      for (const table of columns.keys()) {
        if (part.trailer.rows[table] === undefined) throw new BackupError(`the table ${table} is missing`)
      }
      yield part
    } else {
      const [database = '', table = ''] = part.table.split('.')
      const types = columns.get(part.table) ?? []
      const rows = part.rows.map((row, index) =>
        row.map((value, at) => checkedValue(value, types[at], `line ${part.firstLine + index}`)),
      )
      yield { database, table, rows }
    }
  }
}

/** The schema of a database of a backup. @throws BackupError when this version cannot read it */
export function schemaOf(database: Pick<BackupDatabase, 'name' | 'schema'>): Schema {
  const schema = schemas.find(({ name }) => name === database.name)
  if (!schema) {
    throw new BackupError(`a newer version wrote it: the database ${JSON.stringify(database.name)} is not known here`)
  }
  if (database.schema > schema.migrations.length || database.schema < 0) {
    throw new BackupError(`${schema.name}: ${newerSchema(database.schema, schema.migrations.length)}`)
  }
  return schema
}

/** The columns of each table, in the backup's order. */
function checkedDatabase(database: BackupDatabase): [string, TableShape['columns']][] {
  const known = tablesOf(schemaOf(database), database.schema)
  const where = `the database ${database.name} of schema ${database.schema}`
  for (const { name } of known) {
    if (!database.tables.some((table) => table.name === name)) throw new BackupError(`${where} has no table ${name}`)
  }
  return database.tables.map((table) => {
    const shape = known.find(({ name }) => name === table.name)
    if (!shape) throw new BackupError(`${where} has a table ${JSON.stringify(table.name)} that is not known`)
    if (table.columns.length !== shape.columns.length || new Set(table.columns).size < table.columns.length) {
      throw new BackupError(`${where}: ${table.name} must have ${shape.columns.map(({ name }) => name).join(', ')}`)
    }
    return [
      `${database.name}.${table.name}`,
      table.columns.map((name) => {
        const column = shape.columns.find((one) => one.name === name)
        if (!column) {
          throw new BackupError(`${where}: ${table.name} has a column ${JSON.stringify(name)} that is not known`)
        }
        return column
      }),
    ]
  })
}

type Value = Extract<BackupPart, { table: string }>['rows'][number][number]

function checkedValue(value: Value, column: TableShape['columns'][number] | undefined, where: string): SqlValue {
  const bad = (what: string) => new BackupError(`${where}: ${column?.name} is ${what}, and must be ${column?.type}`)
  if (value === null) {
    if (column?.nullable) return null
    throw bad('null')
  }
  switch (column?.type) {
    case 'TEXT':
      if (typeof value === 'string') return value
      break
    case 'INTEGER':
      if (Number.isInteger(value)) return value as number
      break
    case 'REAL':
      if (typeof value === 'number') return value
      break
    case 'BLOB':
      if (typeof value === 'object') return Buffer.from(value.base64, 'base64')
  }
  throw bad(typeof value === 'object' ? 'a blob' : JSON.stringify(value).slice(0, 40))
}
