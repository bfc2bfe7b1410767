import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { storeOver } from '../sql/fleet-store.ts'
import { type Store, StoreError } from '../store.ts'
import { type DataDirLock, lockDataDir } from './data-dir-lock.ts'
import { messageOf } from './database.ts'
import type { WorkerRequest, WorkerResponse } from './worker.ts'

/** The store's file in the data folder. */
export const fleetFile = 'navarch.db'

type RequestBody = WorkerRequest extends infer Request
  ? Request extends { id: number }
    ? Omit<Request, 'id'>
    : never
  : never

/**
 * Opens (or makes) the embedded store in a data folder, in a thread of its own.
 * @param lock the folder's; it is released when the store closes
 * @throws StoreError when the folder cannot be used, another process has it open, or a newer version wrote it
 */
export async function openSqliteStore(dataDir: string, lock: DataDirLock = lockDataDir(dataDir)): Promise<Store> {
  const path = join(dataDir, fleetFile)
  const call = await startWorker(path).catch((error: unknown) => {
    lock.release()
    throw error
  })
  return storeOver(`sqlite:${path}`, {
    commit: async (statements) => void (await call({ kind: 'batch', statements })),
    query: async (statement) => (await call({ kind: 'query', statement })).rows ?? [],
    close: async () => {
      await call({ kind: 'close' })
      await call.end()
      lock.release()
    },
  })
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
    worker.once('error', (cause) => reject(new StoreError(`cannot open ${path}: ${messageOf(cause)}`, { cause })))
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
