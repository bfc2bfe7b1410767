import { CgroupFileError } from './files.ts'
import type { FileTree } from './read-file.ts'

/** Files of which only so many are opened. */
export interface LimitedFiles extends FileTree {
  /** Whether a second time as many would be too many. */
  halfSpent(): boolean
}

/** @throws CgroupFileError, by both methods, once `most` files and folders were asked for */
export function limitFiles(tree: FileTree, most: number): LimitedFiles {
  let opened = 0
  const count = () => {
    if (++opened > most)
      throw new CgroupFileError(`the job has so many processes or threads that a reading takes over ${most} files`)
  }
  return {
    read: (path) => {
      count()
      return tree.read(path)
    },
    folders: (path) => {
      count()
      return tree.folders(path)
    },
    halfSpent: () => opened > most / 2,
  }
}
