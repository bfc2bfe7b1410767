import type { Sql } from '../sql/sql.ts'

/**
 * Counters that rise and fall with what is stored, in the same transaction: reading them costs nothing, counting millions of rows
 * does. In PostgreSQL each has several rows, so that replicas seldom wait for one another.
 */
export async function addToCounters(tx: Sql, changes: ReadonlyMap<string, number>): Promise<void> {
  const slot = tx.dialect === 'postgres' ? 'pg_backend_pid() % 16' : '0'
  const sql = `INSERT INTO job_counter (name, slot, n) VALUES (?, ${slot}, ?)
    ON CONFLICT (name, slot) DO UPDATE SET n = job_counter.n + excluded.n`
  // In one order in all transactions: two never wait for each other.
  const sorted = [...changes].filter(([, change]) => change !== 0).sort(([a], [b]) => (a < b ? -1 : 1))
  await Promise.all(sorted.map(([name, change]) => tx.run(sql, [name, change])))
}

/** All counters by name; those that nobody has added to are absent. */
export async function readCounters(sql: Sql): Promise<Map<string, number>> {
  const rows = await sql.query('SELECT name, sum(n) AS n FROM job_counter GROUP BY name')
  return new Map(rows.map((row) => [String(row['name']), Number(row['n'])]))
}
