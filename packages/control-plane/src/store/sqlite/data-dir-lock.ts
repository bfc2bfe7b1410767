import { mkdirSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { StoreError } from '../store.ts'
import { messageOf } from './database.ts'

/** A data folder that no other process changes. */
export interface DataDirLock {
  readonly dataDir: string
  release(): void
}

/**
 * Makes the data folder where there is none and takes it for this process, until `release` or the process's end.
 *
 * The lock is a write transaction of a small database, which stays open: the kernel ends it with the process, however that
 * ends, and meanwhile everybody can read who holds it.
 * @throws StoreError when the folder cannot be used, or another process has it; it says which
 */
export function lockDataDir(dataDir: string): DataDirLock {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o750 })
  } catch (cause) {
    throw new StoreError(
      `cannot make the data folder ${dataDir}: ${messageOf(cause)}; choose another with --data-dir`,
      { cause },
    )
  }
  const path = join(dataDir, 'lock.db')
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(path)
    db.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = DELETE')
    db.exec('BEGIN IMMEDIATE; CREATE TABLE IF NOT EXISTS holder (who TEXT NOT NULL) STRICT; DELETE FROM holder')
    db.prepare(`INSERT INTO holder VALUES (? || strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))`).run(
      `process ${process.pid} on ${hostname()} since `,
    )
    db.exec('COMMIT; BEGIN IMMEDIATE')
  } catch (cause) {
    const reason = /locked|busy/.test(messageOf(cause)) ? inUse(db) : messageOf(cause)
    db?.close()
    throw new StoreError(`cannot open ${dataDir}: ${reason}`, { cause })
  }
  const held = db
  return {
    dataDir,
    release: () => {
      if (held.isOpen) held.close()
    },
  }
}

function inUse(db: DatabaseSync | undefined): string {
  let who: unknown
  try {
    who = db?.prepare('SELECT who FROM holder').get()?.['who']
  } catch {
    // It is being taken at this moment.
  }
  return `another control plane is using it${typeof who === 'string' ? ` (${who})` : ''}`
}
