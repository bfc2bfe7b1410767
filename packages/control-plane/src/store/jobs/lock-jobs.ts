import type { Sql } from '../sql/sql.ts'

/** Locks of PostgreSQL that jobs share: its table of locks has room for thousands, not for all jobs. */
const slots = 1_024
/** "jobs", to keep apart from other uses of advisory locks with two keys. */
const lockClass = 0x6a6f6273

/**
 * Makes this transaction the only one that changes these jobs until it ends. SQLite has one writer; in PostgreSQL several control
 * planes apply events at the same time, and a job that is not there yet has no row to lock.
 * @param keys of `jobKey`
 */
export async function lockJobs(tx: Sql, keys: readonly string[]): Promise<void> {
  if (tx.dialect === 'sqlite' || keys.length === 0) return
  // In one order in all transactions: two never wait for each other.
  const wanted = [...new Set(keys.map((key) => slotOf(key)))].sort((a, b) => a - b)
  await tx.query(
    `SELECT count(pg_advisory_xact_lock(${lockClass}, slot)) FROM unnest(string_to_array(?, ',')::int[]) AS slot`,
    [wanted.join(',')],
  )
}

/** FNV-1a over UTF-16 units. */
function slotOf(key: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193)
  return (hash >>> 0) % slots
}
