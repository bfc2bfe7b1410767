import { join } from 'node:path'
import type { RestoreJson } from '@navarch/api/backup'
import { loadPostgres } from './backup/load-postgres.ts'
import { buildSqlite, swapSqlite } from './backup/load-sqlite.ts'
import { buildFolder, completeRestore, stageRestore } from './backup/pending-restore.ts'
import { openPostgresSnapshot } from './backup/postgres-snapshot.ts'
import { sqliteBackup } from './backup/sqlite-backup.ts'
import { writeBackup } from './backup/write-backup.ts'
import type { JobStore } from './job-store.ts'
import { openPostgresJobStore } from './jobs/postgres-job-store.ts'
import { openSqliteJobStore } from './jobs/sqlite-job-store.ts'
import { type Lease, takeLease } from './postgres/lease.ts'
import { openPostgresPool, type PostgresEffects } from './postgres/postgres-pool.ts'
import { createPostgresSql } from './postgres/postgres-sql.ts'
import { openPostgresStore } from './postgres/postgres-store.ts'
import { schemas } from './schemas.ts'
import { type DataDirLock, lockDataDir } from './sqlite/data-dir-lock.ts'
import { openSqliteStore } from './sqlite/sqlite-store.ts'
import { type Store, StoreError } from './store.ts'

export interface StoresOptions {
  /** The embedded engine's files, and restores that are under way. */
  dataDir: string
  /** A PostgreSQL in place of the embedded engine. */
  databaseUrl?: string
  /** Of this product, for backups. */
  productVersion: string
  effects: PostgresEffects & {
    /** Random and unique. */
    newId: () => string
  }
}

/** Everything durable. */
export interface Stores {
  fleet: Store
  jobs: JobStore
  /** What became of a restore that was completed when the stores were opened. */
  restored: RestoreJson | undefined
  /** The lines of a backup of this moment, not compressed; writers go on. */
  backup(): AsyncGenerator<Uint8Array, void>
  /**
   * Checks a backup and decides that it is restored when the stores are opened the next time.
   * @throws BackupError when it cannot be restored; then nothing has changed
   */
  stage(source: AsyncIterable<Uint8Array>): Promise<RestoreJson>
  close(): Promise<void>
}

/**
 * Opens all stores, in SQLite or PostgreSQL, and completes a restore before that where one was decided.
 * @throws StoreError when they cannot be used: another control plane has them, the database does not answer, or a newer
 * version wrote them
 */
export async function openStores(options: StoresOptions): Promise<Stores> {
  const lock = lockDataDir(options.dataDir)
  try {
    const opened = await (options.databaseUrl === undefined
      ? openInSqlite(options, lock)
      : openInPostgres(options, options.databaseUrl))
    const { log } = options.effects
    const { restored } = opened
    if (restored) {
      const { id, error, backup_created_at } = restored
      if (error === null) log.info('backup restored', { id, backup_created_at })
      else log.error('backup not restored; everything is as before', { id, error })
    }
    return {
      ...opened,
      stage: (source) => stageRestore(options.dataDir, options.effects.newId(), source),
      close: async () => {
        await opened.close()
        lock.release()
      },
    }
  } catch (error) {
    lock.release()
    throw error
  }
}

async function openInSqlite(
  { dataDir, productVersion, effects }: StoresOptions,
  lock: DataDirLock,
): Promise<Omit<Stores, 'stage'>> {
  const build = buildFolder(dataDir)
  const restored = await completeRestore(dataDir, {
    prepare: (parts) => buildSqlite(build, parts()),
    replace: () => swapSqlite(build, dataDir),
  })
  const fleet = await openSqliteStore(dataDir, lock)
  const jobs = await openSqliteJobStore(dataDir).catch(async (error: unknown) => {
    await fleet.close()
    throw error
  })
  const files = Object.fromEntries(schemas.map(({ name, file }) => [name, join(dataDir, file)]))
  return {
    fleet,
    jobs,
    restored,
    backup: () => sqliteBackup({ files, source: fleet.description, createdAt: effects.clock.now(), productVersion }),
    async close() {
      await jobs.close()
      await fleet.close()
    },
  }
}

async function openInPostgres(
  { dataDir, productVersion, effects }: StoresOptions,
  databaseUrl: string,
): Promise<Omit<Stores, 'stage'>> {
  const { clock, random } = effects
  const pool = await openPostgresPool(databaseUrl, effects)
  const sql = createPostgresSql(pool, effects)
  let lease: Lease | undefined
  try {
    lease = await takeLease(pool, effects.newId(), { clock, random, waitMs: 5_000 })
    const restored = await completeRestore(dataDir, {
      prepare: (parts, id) => loadPostgres(sql, id, parts),
      replace: () => {},
    })
    const named = (error: unknown): never => {
      if (!(error instanceof StoreError)) throw error
      throw new StoreError(`cannot open ${pool.description}: ${error.message}`, { cause: error })
    }
    const fleet = await openPostgresStore(pool, sql, effects, lease).catch(named)
    const jobs = await openPostgresJobStore(pool.description, sql).catch(named)
    return {
      fleet,
      jobs,
      restored,
      async *backup() {
        const snapshot = await openPostgresSnapshot(pool)
        try {
          yield* writeBackup(snapshot, { createdAt: clock.now(), productVersion })
        } finally {
          await snapshot.close()
        }
      },
      async close() {
        await jobs.close()
        await fleet.close()
        await sql.close()
      },
    }
  } catch (error) {
    await lease?.client.end().catch(() => {})
    await sql.close()
    throw error
  }
}
