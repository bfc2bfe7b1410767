import type { JobStore } from '../job-store.ts'
import { migratePostgres } from '../postgres/migrate-postgres.ts'
import { isAway } from '../postgres/postgres-error.ts'
import type { Sql } from '../sql/sql.ts'
import { jobMigrations } from './job-migrations.ts'
import { jobStoreOver } from './job-store-over.ts'
import { nothingKnown } from './known-jobs.ts'
import { createJobBackend } from './sql-job-backend.ts'

/**
 * Opens (or makes) the jobs' store in a PostgreSQL, which several control planes may share.
 * @param description of the database, without a password
 * @param sql stays open when the store is closed
 * @throws StoreError when a newer version wrote it
 */
export async function openPostgresJobStore(description: string, sql: Sql): Promise<JobStore> {
  await migratePostgres(sql, 'jobs', jobMigrations)
  const backend = createJobBackend(sql, { jobs: nothingKnown, isEveryones: isAway })
  return jobStoreOver(description, { ...backend, close: async () => {} })
}
