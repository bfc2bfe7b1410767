import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { JobStore } from '../job-store.ts'
import { messageOf } from '../sqlite/database.ts'
import { StoreError } from '../store.ts'
import type { JobBackend } from './job-backend.ts'
import { jobStoreOver } from './job-store-over.ts'
import type { JobRequest, JobResponse, JobThread } from './job-worker.ts'

/** The store's file in the data folder. */
export const jobsFile = 'jobs.db'

/**
 * Opens (or makes) the embedded jobs' store in a data folder that this process holds the lock of.
 * @throws StoreError when it cannot be opened, or a newer version wrote it
 */
export async function openSqliteJobStore(dataDir: string): Promise<JobStore> {
  const path = join(dataDir, jobsFile)
  // The writer makes the schema that the reader finds.
  const writer = await startThread({ path, role: 'writer' })
  const reader = await startThread({ path, role: 'reader' }).catch(async (error: unknown) => {
    await writer.backend.close()
    await writer.end()
    throw error
  })
  const { apply, addSamples, maintain } = writer.backend
  return jobStoreOver(`sqlite:${path}`, {
    ...reader.backend,
    apply,
    addSamples,
    maintain,
    // The last to close writes the log back into the file.
    async close() {
      for (const { backend, end } of [reader, writer]) {
        await backend.close()
        await end()
      }
    },
  })
}

interface StartedThread {
  backend: JobBackend
  end(): Promise<void>
}

async function startThread(data: JobThread): Promise<StartedThread> {
  const worker = new Worker(workerUrl(), { workerData: data, resourceLimits: { maxYoungGenerationSizeMb: 32 } })
  const pending = new Map<number, { resolve: (answer: unknown) => void; reject: (error: unknown) => void }>()
  let nextId = 1
  let ended: StoreError | undefined

  await new Promise<void>((resolve, reject) => {
    worker.once('message', () => resolve())
    worker.once('error', (cause) => reject(new StoreError(`cannot open ${data.path}: ${messageOf(cause)}`, { cause })))
  })
  worker.on('message', (responses: JobResponse[]) => {
    for (const response of responses) {
      const waiting = pending.get(response.id)
      pending.delete(response.id)
      if ('error' in response) waiting?.reject(new StoreError(`${data.path}: ${response.error}`))
      else waiting?.resolve(response.answer)
    }
  })
  const fail = (error: StoreError) => {
    ended = error
    for (const { reject } of pending.values()) reject(error)
    pending.clear()
  }
  worker.on('error', (cause) => fail(new StoreError(`${data.path}: ${messageOf(cause)}`, { cause })))
  worker.on('exit', () => fail(ended ?? new StoreError(`${data.path} is closed`)))

  // A message costs more than a request: those of one turn travel together.
  let unsent: JobRequest[] = []
  const send = (request: JobRequest) => {
    if (unsent.push(request) > 1) return
    setImmediate(() => {
      const requests = unsent
      unsent = []
      worker.postMessage(requests)
    })
  }
  const call = <Method extends keyof JobBackend>(method: Method) =>
    ((...parameters: unknown[]) =>
      new Promise((resolve, reject) => {
        if (ended) {
          reject(ended)
          return
        }
        const id = nextId++
        pending.set(id, { resolve, reject })
        send({ id, method, parameters })
        // The thread answers as its own backend does.
      })) as JobBackend[Method]
  return {
    backend: {
      apply: call('apply'),
      find: call('find'),
      list: call('list'),
      open: call('open'),
      countByState: call('countByState'),
      totalRuns: call('totalRuns'),
      audit: call('audit'),
      addSamples: call('addSamples'),
      series: call('series'),
      maintain: call('maintain'),
      figures: call('figures'),
      close: call('close'),
    },
    end: async () => void (await worker.terminate()),
  }
}

/** Beside this file, with this file's extension: `.ts` from source, `.js` or `.mjs` in a bundle. */
function workerUrl(): URL {
  const extension = /\.\w+$/.exec(new URL(import.meta.url).pathname)?.[0] ?? '.ts'
  const name = extension === '.ts' ? 'job-worker' : 'navarch-jobs-worker'
  return new URL(`./${name}${extension}`, import.meta.url)
}
