import { parentPort, workerData } from 'node:worker_threads'
import type { Statement } from '../sql/fleet-statements.ts'
import { messageOf, openDatabase } from './database.ts'

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

const database = openDatabase(String(workerData.path))
let queue: WorkerRequest[] = []

port.postMessage({ id: 0 } satisfies WorkerResponse)
port.on('message', (request: WorkerRequest) => {
  queue.push(request)
  if (queue.length === 1) setImmediate(drain)
})

function drain(): void {
  const requests = queue
  queue = []
  const batches = requests.filter((request) => request.kind === 'batch')
  const outcomes = batches.length > 0 ? database.commit(batches.map((batch) => batch.statements)) : []
  batches.forEach(({ id }, index) => {
    const error = outcomes[index]
    answer(error === undefined ? { id } : { id, error })
  })
  for (const request of requests) {
    if (request.kind === 'query') answer(query(request.id, request.statement))
    if (request.kind === 'close') {
      database.close()
      answer({ id: request.id })
    }
  }
}

function query(id: number, statement: Statement): WorkerResponse {
  try {
    return { id, rows: database.query(statement) }
  } catch (error) {
    return { id, error: messageOf(error) }
  }
}

function answer(response: WorkerResponse): void {
  port?.postMessage(response)
}
