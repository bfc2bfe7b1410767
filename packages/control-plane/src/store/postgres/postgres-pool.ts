import { backoffDelay } from '@navarch/system/backoff'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'
import pg from 'pg'
import { StoreError } from '../store.ts'
import { type DatabaseAddress, parseDatabaseUrl } from './database-url.ts'
import { errorCodeOf, isAway, sentenceOf } from './postgres-error.ts'

export interface PostgresEffects {
  clock: Clock
  /** Numbers in [0, 1). */
  random: () => number
  log: Log
}

/** A PostgreSQL that has answered. */
export interface PostgresPool {
  /** Without the password. */
  description: string
  pool: pg.Pool
  /** A connection of its own, outside of the pool. */
  connect(applicationName?: string): Promise<pg.Client>
  close(): Promise<void>
}

/** Time for a connection, ms. */
const connectMs = 10_000
/** Longest that a statement may take, ms: the server ends it; the driver gives up a little later. */
const statementMs = 60_000
const answerMs = statementMs + 10_000
/** How long the start waits for a server that is away, ms. */
const startMs = 60_000
const poolSize = 10

const { builtins } = pg.types

const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number) => {
    switch (oid) {
      case builtins.INT8:
      case builtins.INT4:
      case builtins.INT2:
      case builtins.NUMERIC:
      case builtins.FLOAT8:
        return Number
      case builtins.BYTEA:
        return (text: string) => new Uint8Array(Buffer.from(text.slice(2), 'hex'))
      case builtins.BOOL:
        return (text: string) => (text === 't' ? 1 : 0)
      default:
        return String
    }
  },
}

/**
 * Opens a PostgreSQL by its `DATABASE_URL`. While it is away, it is tried again with back-off, for a minute.
 * @throws StoreError when it stays away, refuses us, or cannot keep what we store
 */
export async function openPostgresPool(url: string, effects: PostgresEffects): Promise<PostgresPool> {
  const address = parseDatabaseUrl(url)
  const config = { ...settingsOf(address), ...(await reach(address, effects)) }
  const pool = new pg.Pool({
    ...config,
    max: poolSize,
    idleTimeoutMillis: 5 * 60_000,
    onConnect: prepare,
  })
  // A connection that breaks while nobody uses it leaves the pool; the next use makes another.
  pool.on('error', (error) => effects.log.warn('connection to the database lost', { error: sentenceOf(error) }))
  return {
    description: address.description,
    pool,
    connect: async (applicationName) => {
      const client = new pg.Client({ ...config, ...(applicationName && { application_name: applicationName }) })
      client.on('error', () => {})
      await client.connect()
      await prepare(client)
      return client
    },
    close: () => pool.end(),
  }
}

function settingsOf({ client }: DatabaseAddress): pg.ClientConfig {
  return {
    ...client,
    types,
    pipeline: true,
    keepAlive: true,
    connectionTimeoutMillis: connectMs,
    statement_timeout: statementMs,
    query_timeout: answerMs,
  }
}

/** What every connection must have, whatever the server's or the user's settings. */
async function prepare(client: pg.ClientBase): Promise<void> {
  // An acknowledgement is a promise: a commit that is not on disk must never look like one.
  await client.query(
    `SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'`,
  )
}

/** Waits until the server answers. @returns whether connections are to be encrypted */
async function reach(address: DatabaseAddress, { clock, random, log }: PostgresEffects): Promise<pg.ClientConfig> {
  const giveUpAt = clock.now() + startMs
  for (let attempt = 0; ; attempt++) {
    try {
      return await tryOnce(address)
    } catch (cause) {
      const reason = sentenceOf(cause)
      const waitMs = backoffDelay({ firstMs: 250, maxMs: 5_000 }, attempt, random())
      if (!isAway(cause)) {
        throw new StoreError(`${address.description} refuses us: ${reason}; ${remedyOf(cause)}`, { cause })
      }
      if (clock.now() + waitMs > giveUpAt) {
        throw new StoreError(
          `${address.description} did not answer within ${startMs / 1000} s: ${reason}; check DATABASE_URL and that PostgreSQL runs`,
          { cause },
        )
      }
      log.warn('the database does not answer; trying again', {
        database: address.description,
        error: reason,
        retry_in_ms: waitMs,
      })
      await clock.sleep(waitMs)
    }
  }
}

async function tryOnce(address: DatabaseAddress): Promise<pg.ClientConfig> {
  if (address.tls !== 'prefer') return ask({ ...settingsOf(address) })
  try {
    return await ask(settingsOf(address))
  } catch (error) {
    // The driver's words for a server that answered "N" to the request for TLS.
    if (!(error instanceof Error && error.message.includes('does not support SSL'))) throw error
    return { ...(await ask({ ...settingsOf(address), ssl: false })), ssl: false }
  }
}

async function ask(config: pg.ClientConfig): Promise<pg.ClientConfig> {
  const client = new pg.Client(config)
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query(
      `SELECT current_setting('server_version_num')::int AS version, current_setting('server_encoding') AS encoding`,
    )
    const { version, encoding } = rows[0]
    if (version < oldestVersion) throw new Error(`it is PostgreSQL ${Math.trunc(version / 10_000)}`)
    if (encoding !== 'UTF8') throw new Error(`the database is encoded in ${encoding}`)
    return {}
  } finally {
    await client.end().catch(() => {})
  }
}

const oldestVersion = 130_000

function remedyOf(cause: unknown): string {
  switch (errorCodeOf(cause)) {
    case '28P01':
    case '28000':
      return 'check user and password in DATABASE_URL, and pg_hba.conf'
    case '3D000':
      return 'make it with: createdb --encoding UTF8 --owner USER NAME'
    default:
      return 'it must be PostgreSQL 13 or newer, with a database in UTF8; check sslmode in DATABASE_URL where it is about TLS'
  }
}
