import { parentPort, workerData } from 'node:worker_threads'
import { openSqliteSnapshot } from './sqlite-snapshot.ts'
import { writeBackup } from './write-backup.ts'

/**
 * The thread in which a backup of the embedded engine is read. It posts one chunk for each message that it gets, and
 * `undefined` at the end.
 */

export interface BackupWork {
  files: Record<string, string>
  source: string
  createdAt: number
  productVersion: string
}

const port = parentPort
if (!port) throw new Error('backup-worker.ts runs in a worker thread')

const work: BackupWork = workerData
const snapshot = openSqliteSnapshot(work.files, work.source)
const chunks = writeBackup(snapshot, work)

port.on('message', () => void next())

async function next(): Promise<void> {
  const { value } = await chunks.next()
  port?.postMessage(value)
  if (value === undefined) {
    snapshot.close()
    port?.close()
  }
}
