import { DatabaseSync } from 'node:sqlite'
import { jobMigrations } from './jobs/job-migrations.ts'
import { jobsFile } from './jobs/sqlite-job-store.ts'
import { fleetMigrations } from './sql/fleet-migrations.ts'
import { fleetFile } from './sqlite/sqlite-store.ts'

/** One of the databases that the control plane keeps. In PostgreSQL they share one. */
export interface Schema {
  name: string
  /** Its file in the data folder of the embedded engine. */
  file: string
  /** In SQLite's words. */
  migrations: readonly string[]
}

export const schemas: readonly Schema[] = [
  { name: 'fleet', file: fleetFile, migrations: fleetMigrations },
  { name: 'jobs', file: jobsFile, migrations: jobMigrations },
]

export interface TableShape {
  name: string
  columns: readonly { name: string; type: 'INTEGER' | 'TEXT' | 'BLOB' | 'REAL'; nullable: boolean }[]
}

/**
 * The tables of a schema after its first `version` steps, in the order of their making.
 * @param version at most the number of its steps
 */
export function tablesOf({ migrations }: Schema, version: number = migrations.length): TableShape[] {
  const db = new DatabaseSync(':memory:')
  try {
    for (const migration of migrations.slice(0, version)) db.exec(migration)
    const tables = db
      .prepare(
        `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~' ORDER BY rowid`,
      )
      .all()
    return tables.map(({ name }) => ({
      name: String(name),
      columns: db
        .prepare('SELECT name, type, "notnull" AS fixed, pk FROM pragma_table_info(?) ORDER BY cid')
        .all(String(name))
        .map((column) => ({
          name: String(column['name']),
          type: typeOf(column['type']),
          nullable: column['fixed'] === 0 && column['pk'] === 0,
        })),
    }))
  } finally {
    db.close()
  }
}

function typeOf(type: unknown): TableShape['columns'][number]['type'] {
  if (type === 'INTEGER' || type === 'TEXT' || type === 'BLOB' || type === 'REAL') return type
  throw new Error(`a column of type ${String(type)}: backups know INTEGER, TEXT, BLOB and REAL`)
}
