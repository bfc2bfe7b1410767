import { createReadStream, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { BackupError, type BackupHeader, type RestoreJson } from '@navarch/api/backup'
import { StoreError } from '../store.ts'
import { syncPath } from './load-sqlite.ts'
import { type RestorePart, readRestorable } from './read-restorable.ts'

/**
 * A restore has one moment at which it is decided: when the checked file gets its name `pending-<id>.ndjson.gz` in the folder
 * `restore` of the data folder. Whoever opens the stores after that first gets everything ready, from the beginning as often
 * as it was cut off; then the file becomes `replacing-<id>.ndjson.gz`, from where there is no way back; then all is put in its
 * place, and the file goes. So a process that is killed at any moment leaves the old state or the new one.
 */

const folder = 'restore'
const decidedName = /^(pending|replacing)-([\w-]+)\.ndjson\.gz$/

/** How an engine takes over the content of a backup. */
export interface RestoreTarget {
  /** Gets everything ready without changing what is there. What it throws ends the restore, and the old state stays. */
  prepare(parts: () => AsyncIterable<RestorePart>, id: string): Promise<void>
  /** Puts it in place, or goes on with that. What it throws is tried again at the next start. */
  replace(): void
}

/** The folder in which an engine may build; it is on the data folder's file system. */
export function buildFolder(dataDir: string): string {
  return join(dataDir, folder, 'build')
}

/**
 * Takes a backup in: keeps and checks it, and decides the restore when all of it is right.
 * @param id random and unique
 * @returns what will be restored when the stores are opened the next time
 * @throws BackupError when it cannot be restored, and then nothing has changed; StoreError when it cannot be kept
 */
export async function stageRestore(
  dataDir: string,
  id: string,
  source: AsyncIterable<Uint8Array>,
): Promise<RestoreJson> {
  const dir = join(dataDir, folder)
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const part = join(dir, `upload-${id}.part`)
  try {
    const file = await open(part, 'wx', 0o600).catch(cannotKeep)
    let restore: RestoreJson | undefined
    try {
      const kept = async function* () {
        for await (const chunk of source) {
          await file.writeFile(chunk).catch(cannotKeep)
          yield chunk
        }
      }
      restore = await describe(id, readRestorable(kept()))
      await file.sync().catch(cannotKeep)
    } finally {
      await file.close()
    }
    const before = decidedRestore(dataDir)
    if (before)
      throw new StoreError(`restore ${before.id} is not complete yet: the control plane must start again first`)
    renameSync(part, join(dir, nameOf('pending', id)))
    syncPath(dir)
    syncPath(dataDir)
    return restore
  } finally {
    rmSync(part, { force: true })
  }
}

/**
 * Completes a restore that was decided, where there is one. Nobody may have the stores open.
 * @returns what became of it; undefined when there was none
 * @throws StoreError when it must be tried again at the next start
 */
export async function completeRestore(dataDir: string, target: RestoreTarget): Promise<RestoreJson | undefined> {
  const dir = join(dataDir, folder)
  const decided = decidedRestore(dataDir)
  let restore: RestoreJson | undefined
  if (decided) {
    const { id, phase } = decided
    const parts = () => readRestorable(createReadStream(join(dir, nameOf(phase, id))))
    restore = { id, state: 'done', backup_created_at: '', rows: {}, error: null }
    try {
      restore = { ...(await describe(id, parts())), state: 'done' }
      if (phase === 'pending') await target.prepare(parts, id)
    } catch (error) {
      // What is ready is put in place whatever has become of the file.
      if (phase === 'pending') restore = { ...restore, state: 'failed', error: messageOf(error) }
    }
    if (restore.state === 'done') putInPlace(dir, decided, target)
  }
  // With the file goes what an upload or a build left that was cut off.
  rmSync(dir, { recursive: true, force: true })
  syncPath(dataDir)
  return restore
}

function putInPlace(dir: string, { id, phase }: DecidedRestore, target: RestoreTarget): void {
  try {
    if (phase === 'pending') {
      renameSync(join(dir, nameOf('pending', id)), join(dir, nameOf('replacing', id)))
      syncPath(dir)
    }
    target.replace()
  } catch (cause) {
    throw new StoreError(
      `cannot put the restored databases in place: ${messageOf(cause)}; the next start goes on with it`,
      { cause },
    )
  }
}

async function describe(id: string, parts: AsyncIterable<RestorePart>): Promise<RestoreJson> {
  let header: BackupHeader | undefined
  let rows: Record<string, number> = {}
  for await (const part of parts) {
    if ('header' in part) header = part.header
    else if ('trailer' in part) rows = part.trailer.rows
  }
  if (!header) throw new BackupError('the file is empty')
  return { id, state: 'pending', backup_created_at: header.created_at, rows, error: null }
}

interface DecidedRestore {
  id: string
  phase: 'pending' | 'replacing'
}

function nameOf(phase: DecidedRestore['phase'], id: string): string {
  return `${phase}-${id}.ndjson.gz`
}

function decidedRestore(dataDir: string): DecidedRestore | undefined {
  const dir = join(dataDir, folder)
  for (const name of existsSync(dir) ? readdirSync(dir) : []) {
    const [, phase, id] = decidedName.exec(name) ?? []
    if (id !== undefined) return { id, phase: phase === 'pending' ? 'pending' : 'replacing' }
  }
  return undefined
}

function cannotKeep(cause: unknown): never {
  throw new StoreError(`cannot keep the backup in the data folder: ${messageOf(cause)}`, { cause })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
