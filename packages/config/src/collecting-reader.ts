import { inactiveMessage, type Place, type Problem } from './problem.ts'
import type { Reader } from './schema/schema.ts'

/** A reader that keeps what it is told. */
export interface CollectingReader extends Reader {
  errors: Problem[]
  warnings: Problem[]
  /** Paths of what was accepted and does nothing yet, in the order of reading. */
  inactivePaths: string[]
}

/** Values that are read at most; no real file has as many, a few aliases of aliases have. */
const maxValues = 100_000

export function createCollectingReader(file: string, placeOf: (offset: number) => Place): CollectingReader {
  const errors: Problem[] = []
  const warnings: Problem[] = []
  const inactivePaths: string[] = []
  let visits = 0
  return {
    errors,
    warnings,
    inactivePaths,
    placeOf,
    error: (place, key, message) => errors.push({ file, ...place, key, message }),
    warn: (place, key, message) => warnings.push({ file, ...place, key, message }),
    inactive: (place, key, note) => {
      inactivePaths.push(key)
      warnings.push({ file, ...place, key, message: inactiveMessage(note) })
    },
    errorCount: () => errors.length,
    visit: (place, key) => {
      visits++
      if (visits === maxValues + 1) {
        errors.push({ file, ...place, key, message: `more than ${maxValues} values: aliases repeat too much` })
      }
      return visits <= maxValues
    },
  }
}
