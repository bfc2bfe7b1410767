import { forDialect, statementsOf } from '../sql/for-dialect.ts'
import type { Sql } from '../sql/sql.ts'
import { newerSchema, StoreError } from '../store.ts'

/** Held while a schema is made or brought up to date, so that processes that start together do it once. */
const migrationLock = 'navarch migration'

/**
 * Brings one of our schemas in a PostgreSQL up to date, in one transaction.
 * @param name of the schema: "fleet", "jobs"; `migrations` are in SQLite's words
 * @param until number of steps to take; all of them when it is undefined
 * @throws StoreError when a newer version wrote it
 */
export function migratePostgres(
  sql: Sql,
  name: string,
  migrations: readonly string[],
  until: number = migrations.length,
): Promise<void> {
  return sql.transaction(async (tx) => {
    await tx.query('SELECT pg_advisory_xact_lock(hashtextextended(?, 0))', [migrationLock])
    await tx.run(
      'CREATE TABLE IF NOT EXISTS navarch_schema (name TEXT COLLATE "C" PRIMARY KEY, version BIGINT NOT NULL)',
    )
    const version = await schemaVersionIn(tx, name)
    if (version > migrations.length) throw new StoreError(`${name}: ${newerSchema(version, migrations.length)}`)
    for (const migration of migrations.slice(version, until)) {
      for (const statement of statementsOf(forDialect(migration, 'postgres'))) await tx.run(statement)
    }
    await tx.run(
      'INSERT INTO navarch_schema (name, version) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET version = excluded.version',
      [name, Math.max(version, until)],
    )
  })
}

/** Steps of a schema that a PostgreSQL has taken; 0 for none. */
export async function schemaVersionIn(sql: Sql, name: string): Promise<number> {
  const rows = await sql.query('SELECT version FROM navarch_schema WHERE name = ?', [name])
  return Number(rows[0]?.['version'] ?? 0)
}
