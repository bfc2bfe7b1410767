import { constants, type FSWatcher, watch } from 'node:fs'
import { chmod, chown, lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type HookRecord, HookRecordError, parseHookRecord } from '@navarch/hooks/record'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'

/** What a hook left, and when. */
export interface HookNote {
  record: HookRecord
  /** ms since the epoch: by the record, else when the file was last written. */
  at: number
}

export interface HookFolderOptions {
  dir: string
  clock: Clock
  log: Log
  /** Resolves when the note is safe elsewhere: its file goes then. */
  take: (note: HookNote) => Promise<void>
  /** How often the folder is looked at, for where no change is told, ms. Default 5000. */
  scanMs?: number
}

/** A hook writes its file at once; one that is not whole after this long was cut short. */
const unfinishedMs = 60_000
/** A hook's environment is some KiB. */
const maxFileBytes = 1024 * 1024
/** Of files that cannot be read, this many are kept to be looked at. */
const keptBroken = 100
const filesAtOnce = 500
/** A link, a socket, another user's file: what else goes wrong (no descriptor left, a disk's error) may go right later. */
const neverReadable = new Set(['ELOOP', 'ENXIO', 'EACCES', 'EPERM'])

/**
 * Makes the folder in which hooks leave their notes: for root alone, and for the group of slurmctld's user to write to
 * (not to list), where there is one.
 */
export async function makeHookFolder(dir: string, slurmGroup: number | undefined): Promise<void> {
  // Others have folders beside it, and have to pass.
  await mkdir(dirname(dir), { recursive: true, mode: 0o755 })
  await mkdir(dir, { recursive: true, mode: 0o700 })
  if (slurmGroup === undefined) return chmod(dir, 0o700)
  await chown(dir, 0, slurmGroup)
  await chmod(dir, 0o1730)
}

/**
 * Takes up what hooks leave in a folder, the oldest first, until the signal is aborted; beginning with what is there.
 * A file goes when its note has been taken, so that a crash repeats it and never loses it. One that nobody can read is set
 * aside in `broken/`, with a line in the log.
 */
export async function followHookFolder(options: HookFolderOptions, signal: AbortSignal): Promise<void> {
  const { dir, clock, scanMs = 5000 } = options
  const inHand = new Set<string>()
  let wake = () => {}
  const watcher = watchFolder(dir, () => wake())
  try {
    while (!signal.aborted) {
      const changed = new AbortController()
      wake = () => changed.abort()
      const more = await takeSome(options, inHand)
      if (more) continue
      await clock.sleep(scanMs, AbortSignal.any([signal, changed.signal])).catch(() => {})
    }
  } finally {
    watcher?.close()
  }
}

function watchFolder(dir: string, onChange: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(dir, { persistent: false }, onChange)
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    // No watches left, or no folder: the regular look finds the files.
    return undefined
  }
}

/**
 * Takes up the oldest files that are not in hand yet, in their order. It does not wait until they are safe: a disk that is full
 * holds up the notes' files, and not the notes.
 * @param inHand files whose notes are taken and not safe yet
 * @returns whether there are more than one round takes
 */
async function takeSome(options: HookFolderOptions, inHand: Set<string>): Promise<boolean> {
  const { dir, log } = options
  const names = (await readdir(dir).catch(() => [])).filter((name) => !inHand.has(name) && !name.startsWith('.'))
  const files = await Promise.all(
    names.map(async (name) => ({ name, stat: await lstat(join(dir, name)).catch(() => undefined) })),
  )
  const waiting = files.flatMap(({ name, stat }) => (stat && !stat.isDirectory() ? [{ name, at: stat.mtimeMs }] : []))
  // Of one moment, which may be some ms long: 812.prolog.n1 before 812.epilog.n1.
  waiting.sort((a, b) => a.at - b.at || (a.name > b.name ? -1 : 1))
  for (const { name, at } of waiting.slice(0, filesAtOnce)) {
    const note = await readNote(options, name, at)
    if (!note) continue
    inHand.add(name)
    void options
      .take(note)
      .then(() => rm(join(dir, name), { force: true }))
      .catch((error: unknown) => log.error('a hook file was not taken', { file: name, error: messageOf(error) }))
      .finally(() => inHand.delete(name))
  }
  return waiting.length > filesAtOnce
}

/** @returns undefined when the file is not whole yet, is gone, or was set aside */
async function readNote(options: HookFolderOptions, name: string, at: number): Promise<HookNote | undefined> {
  const { clock, dir } = options
  try {
    const { content, uid } = await readPlainFile(join(dir, name))
    const record = parseHookRecord(content)
    if (record !== 'incomplete') {
      requireSlurmd(record, uid)
      return { record, at: record.at === undefined ? at : record.at * 1000 }
    }
    if (clock.now() - at < unfinishedMs) return undefined
    throw new HookRecordError(`not whole ${Math.round((clock.now() - at) / 1000)} s after it was written`)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (code === 'ENOENT') return undefined
    if (error instanceof HookRecordError || neverReadable.has(code)) await setAside(options, name, messageOf(error))
    else options.log.error('a hook file cannot be read now', { file: join(dir, name), error: messageOf(error) })
    return undefined
  }
}

/** slurmd's hooks run as root; the group of SlurmUser may write here, and speaks for slurmctld alone. */
function requireSlurmd({ event }: HookRecord, uid: number): void {
  if (event.endsWith('_slurmctld') || uid === 0 || uid === process.geteuid?.()) return
  throw new HookRecordError(`user ${uid} wrote it, and ${event} is run by slurmd, as root`)
}

/** The folder's writers are not all root: no link is followed, and nothing is waited for. */
async function readPlainFile(path: string): Promise<{ content: Uint8Array; uid: number }> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const stat = await file.stat()
    if (!stat.isFile()) throw new HookRecordError('not a plain file')
    if (stat.size > maxFileBytes) throw new HookRecordError(`${stat.size} bytes, more than ${maxFileBytes}`)
    return { content: await file.readFile(), uid: stat.uid }
  } finally {
    await file.close()
  }
}

async function setAside({ dir, log }: HookFolderOptions, name: string, reason: string): Promise<void> {
  const folder = join(dir, 'broken')
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const kept = (await readdir(folder)).length
    await (kept < keptBroken ? rename(join(dir, name), join(folder, name)) : rm(join(dir, name), { force: true }))
    log.warn('a hook file cannot be read and is set aside', { file: join(folder, name), error: reason })
  } catch (error) {
    log.error('a hook file cannot be set aside', { file: join(dir, name), reason, error: messageOf(error) })
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
