import type { JobStore } from '../job-store.ts'
import { jobMigrations } from '../jobs/job-migrations.ts'
import { jobStoreOver } from '../jobs/job-store-over.ts'
import { nothingKnown } from '../jobs/known-jobs.ts'
import { createJobBackend } from '../jobs/sql-job-backend.ts'
import type { Sql } from '../sql/sql.ts'
import { StoreError } from '../store.ts'
import { migratePostgres } from './migrate-postgres.ts'
import { isAway } from './postgres-error.ts'

/**
 * Opens (or makes) the jobs' store in a PostgreSQL, which other processes may use at the same time.
 * @param sql is not closed with the store
 * @throws StoreError when a newer version wrote it
 */
export async function openPostgresJobStore(description: string, sql: Sql): Promise<JobStore> {
  try {
    await migratePostgres(sql, 'jobs', jobMigrations)
  } catch (error) {
    if (error instanceof StoreError)
      throw new StoreError(`cannot open ${description}: ${error.message}`, { cause: error })
    throw error
  }
  // Others write too: what one remembers may have changed.
  const backend = createJobBackend(sql, { jobs: nothingKnown, isEveryones: isAway })
  return jobStoreOver(description, { ...backend, close: async () => {} })
}
