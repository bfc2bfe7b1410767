import { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import { createSqliteSql } from '../sql/sqlite-sql.ts'
import { messageOf, migrateSqlite } from '../sqlite/database.ts'
import type { JobBackend } from './job-backend.ts'
import { jobMigrations } from './job-migrations.ts'
import { createKnownJobs, nothingKnown } from './known-jobs.ts'
import { createJobBackend } from './sql-job-backend.ts'

/**
 * A thread of the embedded jobs' store. There are two: one writes, the other reads, so that a long list never holds up an event, nor
 * the packing of readings a page.
 */

/** What a thread opens. */
export interface JobThread {
  path: string
  role: 'writer' | 'reader'
}

/** A call of a method of `JobBackend`. */
export interface JobRequest {
  id: number
  method: keyof JobBackend
  parameters: unknown[]
}

export type JobResponse = { id: number; answer: unknown } | { id: number; error: string }

/** Documents that the writer keeps at hand, characters: some 1,000 jobs of one node. */
const knownDocuments = 1_000_000

const port = parentPort
if (!port) throw new Error('job-worker.ts runs in a worker thread')

const { path, role } = workerData as JobThread
const backend = role === 'writer' ? openWriter() : openReader()
port.postMessage([] satisfies JobResponse[])
port.on('message', (requests: JobRequest[]) => {
  for (const request of requests) void answer(request)
})

let unsent: JobResponse[] = []
/** What is answered together travels together, before the next transaction begins. */
function send(response: JobResponse): void {
  if (unsent.push(response) > 1) return
  process.nextTick(() => {
    const responses = unsent
    unsent = []
    port?.postMessage(responses)
  })
}

function openWriter(): JobBackend {
  const db = new DatabaseSync(path)
  // A long checkpoint is one of many pages that were written more than once.
  db.exec(`PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -16000`)
  migrateSqlite(db, jobMigrations)
  return createJobBackend(createSqliteSql(db), { jobs: createKnownJobs(knownDocuments) })
}

function openReader(): JobBackend {
  const db = new DatabaseSync(path, { readOnly: true })
  db.exec('PRAGMA busy_timeout = 5000; PRAGMA cache_size = -8000')
  return createJobBackend(createSqliteSql(db), { jobs: nothingKnown })
}

async function answer({ id, method, parameters }: JobRequest): Promise<void> {
  try {
    // Both ends are ours, and `threadBackend` gives each method its own parameters.
    const call = backend[method] as (...parameters: unknown[]) => Promise<unknown>
    send({ id, answer: await call(...parameters) })
  } catch (error) {
    send({ id, error: messageOf(error) })
  }
}
