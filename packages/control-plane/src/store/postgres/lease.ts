import { hostname } from 'node:os'
import { backoffDelay } from '@navarch/system/backoff'
import type { Clock } from '@navarch/system/clock'
import type pg from 'pg'
import type { Row } from '../sql/sql.ts'
import { StoreError } from '../store.ts'
import type { PostgresPool } from './postgres-pool.ts'

/**
 * The right to write the fleet: an advisory lock of one connection, which tells others who has it, and a row that counts the
 * holder's commits. The count is what is safe when the connection was lost: it tells whether the last commit was done, and
 * whether somebody else has held the lease meanwhile.
 */
export interface Lease {
  client: pg.Client
  /** The server's process for the connection. */
  pid: number
  /** Of this process's time as the holder. */
  id: string
  /** Commits that the row has counted. */
  commits: number
}

/** Of the lock: one for each schema of a database. */
const lockKey = `hashtextextended('navarch control plane of ' || current_schema(), 0)`

/** Counts a commit; fails with a division by zero, and the transaction with it, when the lease is not ours any more. */
export const countCommit = `WITH counted AS (
    UPDATE navarch_lease SET commits = $2 + 1 WHERE id = 1 AND holder = $1 AND commits = $2 RETURNING 1
  ) SELECT 1 / count(*) FROM counted`

export interface LeaseOptions {
  clock: Clock
  random: () => number
  /** How long to wait for another holder to go, ms: one that was killed is gone as soon as the server has noticed. */
  waitMs: number
}

/** Takes the lease. @throws StoreError that says who has it */
export async function takeLease(pool: PostgresPool, id: string, options: LeaseOptions): Promise<Lease> {
  const { client, pid } = await connectWithLock(pool, options)
  try {
    await client.query(`CREATE TABLE IF NOT EXISTS navarch_lease (
      id BIGINT PRIMARY KEY CHECK (id = 1), holder TEXT NOT NULL, commits BIGINT NOT NULL)`)
    await client.query(
      `INSERT INTO navarch_lease (id, holder, commits) VALUES (1, $1, 0)
       ON CONFLICT (id) DO UPDATE SET holder = excluded.holder, commits = 0`,
      [id],
    )
    return { client, pid, id, commits: 0 }
  } catch (error) {
    await client.end().catch(() => {})
    throw error
  }
}

/**
 * Takes a lease up again whose connection was lost.
 * @returns the lease with the count that the database has
 * @throws StoreError when somebody has taken it meanwhile
 */
export async function resumeLease(pool: PostgresPool, before: Lease, options: LeaseOptions): Promise<Lease> {
  void before.client.end().catch(() => {})
  const { client, pid } = await connectWithLock(pool, options, before.pid)
  const { rows } = await client.query<Row>('SELECT holder, commits FROM navarch_lease')
  if (rows[0]?.['holder'] === before.id) return { client, pid, id: before.id, commits: Number(rows[0]['commits']) }
  await client.end().catch(() => {})
  throw new StoreError(`${pool.description}: another control plane has used it while the connection was lost`)
}

async function connectWithLock(
  pool: PostgresPool,
  { clock, random, waitMs }: LeaseOptions,
  previousPid: number | null = null,
): Promise<Pick<Lease, 'client' | 'pid'>> {
  const name = `navarch-control-plane ${process.pid} on ${hostname()}`.slice(0, 63)
  const client = await pool.connect(name)
  try {
    // The server may not have noticed that a connection which we lost is gone. No other process has its name.
    await client.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1 AND application_name = $2',
      [previousPid, name],
    )
    // A holder whose machine is gone says nothing more: the server finds out within a minute.
    for (const setting of ['idle = 30', 'interval = 10', 'count = 3']) {
      await client.query(`SET tcp_keepalives_${setting}`)
    }
    const giveUpAt = clock.now() + waitMs
    for (let attempt = 0; ; attempt++) {
      const { rows } = await client.query<Row>(
        `SELECT pg_try_advisory_lock(${lockKey})::int AS taken, pg_backend_pid() AS pid`,
      )
      if (rows[0]?.['taken'] === 1) return { client, pid: Number(rows[0]['pid']) }
      const pauseMs = backoffDelay({ firstMs: 20, maxMs: 500 }, attempt, random())
      if (clock.now() + pauseMs > giveUpAt) throw await inUse(pool, client)
      await clock.sleep(pauseMs)
    }
  } catch (error) {
    await client.end().catch(() => {})
    throw error
  }
}

async function inUse(pool: PostgresPool, client: pg.Client): Promise<StoreError> {
  // A lock of 64 bits is shown in two halves.
  const { rows } = await client.query<Row>(
    `SELECT application_name, client_addr::text, to_char(backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS since
     FROM pg_locks JOIN pg_stat_activity USING (pid), (SELECT ${lockKey} AS key) AS lock
     WHERE locktype = 'advisory' AND granted AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND classid::bigint = (key >> 32) & 4294967295 AND objid::bigint = key & 4294967295`,
  )
  const holder = rows[0]
  const from = holder?.['client_addr'] ? ` from ${holder['client_addr']}` : ''
  const who = holder ? ` (${holder['application_name']}${from} since ${holder['since']})` : ''
  return new StoreError(`cannot open ${pool.description}: another control plane is using it${who}`)
}
