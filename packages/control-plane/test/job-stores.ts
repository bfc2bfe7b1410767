import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@navarch/system/clock'
import { silentLog } from '@navarch/system/log'
import type { JobStore } from '../src/store/job-store.ts'
import { openPostgresJobStore } from '../src/store/jobs/postgres-job-store.ts'
import { openSqliteJobStore } from '../src/store/jobs/sqlite-job-store.ts'
import { openPostgresPool } from '../src/store/postgres/postgres-pool.ts'
import { createPostgresSql } from '../src/store/postgres/postgres-sql.ts'
import { postgresMissing, startTestPostgres, type TestPostgres, titleOf } from './postgres.ts'

/** A way to keep jobs, for the tests that hold for all. */
export interface JobStoreEngine {
  title: string
  missing: string | undefined
  start(): Promise<void>
  stop(): Promise<void>
  /** Makes room for one store. @returns what `openJobStore` takes */
  makePlace(): Promise<string>
  removePlace(place: string): Promise<void>
}

export const jobStoreEngines: readonly JobStoreEngine[] = [sqliteEngine(), postgresEngine()]

/** Opens the store at a place of any engine. */
export async function openJobStore(place: string): Promise<JobStore> {
  if (!place.startsWith('postgres:')) return openSqliteJobStore(place)
  const effects = { clock: systemClock, random: () => 0.5, log: silentLog }
  const pool = await openPostgresPool(place, effects)
  const sql = createPostgresSql(pool, effects)
  const store = await openPostgresJobStore(pool.description, sql)
  return {
    ...store,
    async close() {
      await store.close()
      await sql.close()
    },
  }
}

function sqliteEngine(): JobStoreEngine {
  return {
    title: 'a SQLite job store',
    missing: undefined,
    start: async () => {},
    stop: async () => {},
    makePlace: async () => mkdtempSync(join(tmpdir(), 'navarch-jobs-')),
    removePlace: async (dir) => rmSync(dir, { recursive: true }),
  }
}

function postgresEngine(): JobStoreEngine {
  let postgres: TestPostgres | undefined
  return {
    title: titleOf('a PostgreSQL job store'),
    missing: postgresMissing,
    async start() {
      postgres = await startTestPostgres()
    },
    async stop() {
      await postgres?.stop()
    },
    async makePlace() {
      if (!postgres) throw new Error('the engine is not started')
      return postgres.createDatabase()
    },
    removePlace: async () => {},
  }
}
