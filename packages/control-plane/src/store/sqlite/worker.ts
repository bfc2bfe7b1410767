import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import { migrations } from './migrations.ts'
import type { Statement } from './statements.ts'

/**
 * The database's thread. Batches that wait when the thread gets to them share one transaction, so that hundreds of
 * small commits a second cost a few disk flushes; each is acknowledged only after the flush.
 */

export type WorkerRequest =
  | { id: number; kind: 'batch'; statements: Statement[] }
  | { id: number; kind: 'query'; statement: Statement }
  | { id: number; kind: 'close' }

export type WorkerResponse = { id: number; rows?: Record<string, unknown>[]; error?: string }

const port = parentPort
if (!port) throw new Error('worker.ts runs in a worker thread')

const database = open(String(workerData.path))
const prepared = new Map<string, StatementSync>()
let queue: WorkerRequest[] = []

port.postMessage({ id: 0 } satisfies WorkerResponse)
port.on('message', (request: WorkerRequest) => {
  queue.push(request)
  if (queue.length === 1) setImmediate(drain)
})

function open(path: string): DatabaseSync {
  const db = new DatabaseSync(path)
  // The lock is taken at once and kept: a second control plane on the same folder must fail at its start.
  db.exec('PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  db.exec('BEGIN IMMEDIATE; COMMIT')
  const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0)
  if (version > migrations.length) {
    throw new Error(`it was written by a newer version (schema ${version}, this one knows ${migrations.length})`)
  }
  migrations.slice(version).forEach((migration, index) => {
    db.exec(`BEGIN; ${migration}; PRAGMA user_version = ${version + index + 1}; COMMIT`)
  })
  return db
}

function statement(sql: string): StatementSync {
  let found = prepared.get(sql)
  if (!found) {
    found = database.prepare(sql)
    prepared.set(sql, found)
  }
  return found
}

function drain(): void {
  const requests = queue
  queue = []
  const answers: WorkerResponse[] = []
  const batches = requests.filter((request) => request.kind === 'batch')
  if (batches.length > 0) answers.push(...commit(batches))
  for (const request of requests) {
    if (request.kind === 'query') answers.push(query(request.id, request.statement))
    if (request.kind === 'close') {
      database.close()
      answers.push({ id: request.id })
    }
  }
  for (const answer of answers) port?.postMessage(answer)
}

function commit(batches: { id: number; statements: Statement[] }[]): WorkerResponse[] {
  try {
    const answers: WorkerResponse[] = []
    database.exec('BEGIN IMMEDIATE')
    for (const batch of batches) {
      database.exec('SAVEPOINT batch')
      try {
        for (const { sql, parameters } of batch.statements) statement(sql).run(...parameters)
        database.exec('RELEASE batch')
        answers.push({ id: batch.id })
      } catch (error) {
        database.exec('ROLLBACK TO batch; RELEASE batch')
        answers.push({ id: batch.id, error: messageOf(error) })
      }
    }
    database.exec('COMMIT')
    return answers
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    return batches.map((batch) => ({ id: batch.id, error: messageOf(error) }))
  }
}

function query(id: number, { sql, parameters }: Statement): WorkerResponse {
  try {
    return { id, rows: statement(sql).all(...parameters) }
  } catch (error) {
    return { id, error: messageOf(error) }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
