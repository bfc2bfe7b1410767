import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { BootstrapRecord, Change, HistoryEvent, MachineRecord, Store, StoredState } from '../store.ts'
import { StoreError } from '../store.ts'
import { messageOf } from './database.ts'
import type { Statement } from './statements.ts'
import { statementOf } from './statements.ts'
import type { WorkerRequest, WorkerResponse } from './worker.ts'

type RequestBody = WorkerRequest extends infer Request
  ? Request extends { id: number }
    ? Omit<Request, 'id'>
    : never
  : never

/**
 * Opens (or makes) the embedded store in `dataDir`, in a thread of its own.
 * @throws StoreError when the folder cannot be used, another process has it open, or a newer version wrote it
 */
export async function openSqliteStore(dataDir: string): Promise<Store> {
  const path = join(dataDir, 'navarch.db')
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o750 })
  } catch (cause) {
    throw new StoreError(
      `cannot make the data folder ${dataDir}: ${messageOf(cause)}; choose another with --data-dir`,
      {
        cause,
      },
    )
  }
  const call = await startWorker(path)
  return storeOver(`sqlite:${path}`, {
    commit: async (statements) => void (await call({ kind: 'batch', statements })),
    query: async (statement) => (await call({ kind: 'query', statement })).rows ?? [],
    close: async () => {
      await call({ kind: 'close' })
      await call.end()
    },
  })
}

/** A way to a database, in this thread or in another. */
export interface DatabaseLink {
  commit(statements: Statement[]): Promise<void>
  query(statement: Statement): Promise<Record<string, unknown>[]>
  close(): Promise<void>
}

/** The store's words in SQL. */
export function storeOver(description: string, link: DatabaseLink): Store {
  const rows = (sql: string, ...parameters: Statement['parameters']) => link.query({ sql, parameters })
  // Documents were written by `statementOf` from the same types; the schema's version guards against other writers.
  const documents = async <T>(sql: string, ...parameters: Statement['parameters']) =>
    (await rows(sql, ...parameters)).map((row) => JSON.parse(String(row['doc'])) as T)

  return {
    description,
    async load(): Promise<StoredState> {
      const [nodes, operations, pools, machines, commands, last] = await Promise.all([
        documents<StoredState['nodes'][number]>('SELECT doc FROM node'),
        documents<StoredState['operations'][number]>('SELECT doc FROM operation WHERE open = 1 ORDER BY created_at'),
        documents<StoredState['pools'][number]>('SELECT doc FROM pool'),
        documents<MachineRecord>('SELECT doc FROM machine WHERE open = 1'),
        documents<StoredState['commands'][number]>('SELECT doc FROM command WHERE open = 1'),
        rows('SELECT coalesce(max(seq), 0) AS seq FROM event'),
      ])
      return { nodes, operations, pools, machines, commands, lastSeq: Number(last[0]?.['seq'] ?? 0) }
    },
    async commit(changes: readonly Change[]) {
      if (changes.length > 0) await link.commit(changes.map(statementOf))
    },
    eventsSince: async (seq, limit) =>
      (await rows('SELECT * FROM event WHERE seq > ? ORDER BY seq LIMIT ?', seq, limit)).map(eventOf),
    findings: (node, limit) =>
      documents('SELECT doc FROM finding WHERE node = ? ORDER BY at DESC, rowid DESC LIMIT ?', node, limit),
    bootstraps: async (node, limit) =>
      (
        await documents<BootstrapRecord>(
          'SELECT doc FROM bootstrap WHERE node = ? ORDER BY started_at DESC, rowid DESC LIMIT ?',
          node,
          limit,
        )
      ).reverse(),
    operations: (limit) => documents('SELECT doc FROM operation ORDER BY created_at DESC, rowid DESC LIMIT ?', limit),
    operation: async (id) =>
      (await documents<StoredState['operations'][number]>('SELECT doc FROM operation WHERE id = ?', id))[0],
    machineHistory: (limit) => documents('SELECT doc FROM machine ORDER BY created_at DESC, rowid DESC LIMIT ?', limit),
    close: () => link.close(),
  }
}

interface Call {
  (body: RequestBody): Promise<WorkerResponse>
  end(): Promise<void>
}

async function startWorker(path: string): Promise<Call> {
  const worker = new Worker(workerUrl(), {
    workerData: { path },
    // It holds statements for moments only; without this its young generation grows to 16 MB and more.
    resourceLimits: { maxYoungGenerationSizeMb: 4 },
  })
  const pending = new Map<number, { resolve: (answer: WorkerResponse) => void; reject: (error: unknown) => void }>()
  let nextId = 1
  let ended: StoreError | undefined

  await new Promise<void>((resolve, reject) => {
    worker.once('message', () => resolve())
    worker.once('error', (cause) => reject(new StoreError(`cannot open ${path}: ${reasonOf(cause)}`, { cause })))
  })
  worker.on('message', (answer: WorkerResponse) => {
    const waiting = pending.get(answer.id)
    pending.delete(answer.id)
    if (answer.error === undefined) waiting?.resolve(answer)
    else waiting?.reject(new StoreError(`${path}: ${answer.error}`))
  })
  const fail = (error: StoreError) => {
    ended = error
    for (const { reject } of pending.values()) reject(error)
    pending.clear()
  }
  worker.on('error', (cause) => fail(new StoreError(`${path}: ${messageOf(cause)}`, { cause })))
  worker.on('exit', () => fail(ended ?? new StoreError(`${path} is closed`)))

  const call = (body: RequestBody) =>
    new Promise<WorkerResponse>((resolve, reject) => {
      if (ended) {
        reject(ended)
        return
      }
      const id = nextId++
      pending.set(id, { resolve, reject })
      worker.postMessage({ ...body, id })
    })
  return Object.assign(call, { end: async () => void (await worker.terminate()) })
}

/** Beside this file, with this file's extension: `.ts` from source, `.js` or `.mjs` in a bundle. */
function workerUrl(): URL {
  const extension = /\.\w+$/.exec(new URL(import.meta.url).pathname)?.[0] ?? '.ts'
  const name = extension === '.ts' ? 'worker' : 'navarch-store-worker'
  return new URL(`./${name}${extension}`, import.meta.url)
}

function reasonOf(cause: unknown): string {
  const message = messageOf(cause)
  return /locked|busy/.test(message) ? 'another control plane is using it' : message
}

function eventOf(row: Record<string, unknown>): HistoryEvent {
  return {
    seq: Number(row['seq']),
    at: Number(row['at']),
    type: String(row['type']),
    pool: String(row['pool']),
    node: String(row['node']),
    operation: String(row['operation']),
    message: String(row['message']),
  }
}
