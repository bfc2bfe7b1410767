import { dirname, isAbsolute, join } from 'node:path'
import type { Given, Reader } from '../schema/schema.ts'

/** Where relative paths and "~" lead. */
export interface PathBase {
  /** The configuration file. */
  file: string
  /** The user's home folder. */
  home?: string
}

/** A path of the file as it is used: relative to the file's folder, "~" as the home folder. */
function resolvePath(path: string, base: PathBase): string | undefined {
  if (path === '~' || path.startsWith('~/')) {
    return base.home === undefined ? undefined : join(base.home, path.slice(1))
  }
  return isAbsolute(path) ? path : join(dirname(base.file), path)
}

/** The given path resolved; "~" without a home folder is an error. */
export function resolveGivenPath(
  given: Given<string> | undefined,
  base: PathBase,
  reader: Reader,
): Given<string> | undefined {
  if (!given) return undefined
  const value = resolvePath(given.value, base)
  if (value !== undefined) return { ...given, value }
  reader.error(given.place, given.path, '"~" needs a home folder and HOME is not set: write the whole path')
  return undefined
}
