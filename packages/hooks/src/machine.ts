import { constants } from 'node:fs'
import {
  access,
  chmod,
  chown,
  lstat,
  mkdir,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  rmdir,
  stat,
  writeFile,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { FileChange, FileContent } from './file-change.ts'
import { HooksError } from './hooks-error.ts'

/** Files of a machine, or of an image of one. All paths are the machine's own. */
export interface Machine {
  /** @returns undefined when there is no such file @throws HooksError when it cannot be read */
  readText(path: string): Promise<string | undefined>
  readFile(path: string): Promise<FileContent | undefined>
  /** Names in a folder; undefined when there is none, or when it may not be read. */
  list(path: string): Promise<string[] | undefined>
  stat(path: string): Promise<FileState | undefined>
  /** Whether this process may write there. */
  mayWrite(path: string): Promise<boolean>
  /** Makes a folder and those above it. @returns those that were made, the outer ones first */
  makeFolder(path: string, owner?: { mode: number; uid: number; gid: number }): Promise<string[]>
  /** Writes or deletes a file; whoever looks sees the old one or the new one, whole. */
  apply(change: Pick<FileChange, 'path' | 'after'>): Promise<void>
  /** Removes a folder if it is empty. */
  removeFolder(path: string): Promise<void>
}

/** What stat(2) tells; links are followed. */
export interface FileState {
  kind: 'file' | 'folder' | 'device' | 'other'
  mode: number
  uid: number
  gid: number
  /** ms since the epoch. */
  modifiedAt: number
}

/** This machine, or the one below a folder. */
export function createMachine(root = '/'): Machine {
  const at = (path: string) => join(root, path)
  const readOne = async (path: string) => {
    try {
      return await readFile(at(path), 'utf8')
    } catch (error) {
      if (isMissing(error)) return undefined
      throw problem('read', path, error)
    }
  }
  return {
    readText: readOne,
    async readFile(path) {
      const text = await readOne(path)
      if (text === undefined) return undefined
      const { mode, uid, gid } = await stat(at(path))
      return { text, mode: mode & 0o7777, uid, gid }
    },
    list: (path) => readdir(at(path)).catch(() => undefined),
    async stat(path) {
      const found = await stat(at(path)).catch(() => undefined)
      if (!found) return undefined
      const device = found.isCharacterDevice() || found.isBlockDevice()
      const kind = found.isFile() ? 'file' : found.isDirectory() ? 'folder' : device ? 'device' : 'other'
      return { kind, mode: found.mode & 0o7777, uid: found.uid, gid: found.gid, modifiedAt: found.mtimeMs }
    },
    mayWrite: (path) =>
      access(at(path), constants.W_OK | constants.X_OK).then(
        () => true,
        () => false,
      ),
    async makeFolder(path, owner) {
      const made: string[] = []
      for (let one = path; one !== '/' && !(await exists(at(one))); one = dirname(one)) made.unshift(one)
      try {
        for (const one of made) await mkdir(at(one), { mode: 0o755 })
        if (owner && made.length > 0) {
          await chown(at(path), owner.uid, owner.gid)
          await chmod(at(path), owner.mode)
        }
      } catch (error) {
        throw problem('make', path, error)
      }
      return made
    },
    async apply({ path, after }) {
      try {
        if (!after) await rm(at(path), { force: true })
        else await replace(at(path), after)
      } catch (error) {
        throw problem(after ? 'write' : 'delete', path, error)
      }
    },
    removeFolder: (path) => rmdir(at(path)).catch(() => {}),
  }
}

async function replace(path: string, { text, mode, uid, gid }: FileContent): Promise<void> {
  // A link stays a link: what it points to is the file.
  const target = await realTarget(path)
  const temporary = join(dirname(target), `.navarch-${process.pid}.new`)
  try {
    await writeFile(temporary, text, { mode: 0o600 })
    await chown(temporary, uid, gid)
    await chmod(temporary, mode)
    await rename(temporary, target)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

async function realTarget(path: string): Promise<string> {
  return (await exists(path)) ? realpath(path) : path
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  )
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}

function problem(verb: string, path: string, cause: unknown): HooksError {
  const reason = cause instanceof Error ? cause.message.replace(/, .*$/s, '') : String(cause)
  const denied = cause instanceof Error && 'code' in cause && (cause.code === 'EACCES' || cause.code === 'EPERM')
  return new HooksError(
    `cannot ${verb} ${path}: ${reason}`,
    denied ? 'Run this as root.' : 'Correct that, then run this again.',
    { cause },
  )
}
