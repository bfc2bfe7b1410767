import { readdirSync, readFileSync } from 'node:fs'

/** Files of control groups and of /proc: tests put others in their place. */
export interface FileTree {
  /** The file's text; undefined when it is not there (any more), or nobody may read it. */
  read(path: string): string | undefined
  /** Names of the folder's folders; empty when it is not there. */
  folders(path: string): string[]
}

/**
 * The machine's files, read at once and in one go: all values of a reading are of one moment, and a file of the kernel
 * takes some microseconds, of which a detour through the thread pool is many.
 */
export const machineFiles: FileTree = {
  read: (path) => {
    try {
      return readFileSync(path, 'latin1')
    } catch (error) {
      if (isAbsence(error)) return undefined
      throw error
    }
  },
  folders: (path) => {
    try {
      return readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))
    } catch (error) {
      if (isAbsence(error)) return []
      throw error
    }
  },
}

/** ENODEV: the group went between opening and reading. ESRCH: the process did. EOPNOTSUPP: pressure is off in the kernel. */
const absences = new Set(['ENOENT', 'ENOTDIR', 'ENODEV', 'ESRCH', 'EACCES', 'EPERM', 'EOPNOTSUPP', 'EINVAL'])

function isAbsence(error: unknown): boolean {
  return error instanceof Error && 'code' in error && absences.has(String(error.code))
}
