import type { PostgresPool } from '../postgres/postgres-pool.ts'
import type { SqlValue } from '../sql/sql.ts'
import type { Snapshot } from './write-backup.ts'

const batchRows = 500

/**
 * All databases in a PostgreSQL as they are now, on a connection of its own. Writers go on meanwhile; what they write is not
 * seen.
 */
export async function openPostgresSnapshot(pool: PostgresPool): Promise<Snapshot & { close(): Promise<void> }> {
  const client = await pool.connect('navarch-backup')
  // The moment is that of the first statement which reads.
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
  // Whoever reads the backup may be slow.
  await client.query('SET LOCAL idle_in_transaction_session_timeout = 0')
  await client.query('SELECT version FROM navarch_schema')
  return {
    source: pool.description,
    async *rows(_database, table, columns) {
      const names = columns.map((column) => `"${column}"`).join(', ')
      await client.query(`DECLARE reading NO SCROLL CURSOR FOR SELECT ${names} FROM "${table}"`)
      for (;;) {
        const { rows } = await client.query<SqlValue[]>({ text: `FETCH ${batchRows} FROM reading`, rowMode: 'array' })
        if (rows.length > 0) yield rows
        if (rows.length < batchRows) break
      }
      await client.query('CLOSE reading')
    },
    close: () => client.end(),
  }
}
