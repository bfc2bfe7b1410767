import { Worker } from 'node:worker_threads'
import type { BackupWork } from './backup-worker.ts'

/**
 * The lines of a backup of the embedded engine, read in a thread of its own. The thread ends with the iteration, whether that
 * comes to its end or not.
 */
export async function* sqliteBackup(work: BackupWork): AsyncGenerator<Uint8Array, void> {
  const worker = new Worker(workerUrl(), { workerData: work })
  let failed: (error: unknown) => void = () => {}
  const failure = new Promise<never>((_resolve, reject) => {
    failed = reject
  })
  failure.catch(() => {})
  worker.once('error', failed)
  worker.once('exit', () => failed(new Error('the thread of the backup has ended')))
  try {
    for (;;) {
      const answer = new Promise<Uint8Array | undefined>((resolve) => void worker.once('message', resolve))
      worker.postMessage('next')
      const chunk = await Promise.race([answer, failure])
      if (chunk === undefined) return
      yield chunk
    }
  } finally {
    await worker.terminate()
  }
}

/** Beside this file, with this file's extension: `.ts` from source, `.js` or `.mjs` in a bundle. */
function workerUrl(): URL {
  const extension = /\.\w+$/.exec(new URL(import.meta.url).pathname)?.[0] ?? '.ts'
  const name = extension === '.ts' ? 'backup-worker' : 'navarch-backup-worker'
  return new URL(`./${name}${extension}`, import.meta.url)
}
