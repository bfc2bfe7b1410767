import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository's folder. */
export const root = fileURLToPath(new URL('..', import.meta.url))

/** What no check looks into: not ours, or made here. */
const foreign = new Set(['node_modules', 'dist', 'coverage', '.git'])

/** Paths of all files of the repository, relative to its root, sorted. Works without git, as in an unpacked archive. */
export async function listFiles(folder = root, below = ''): Promise<string[]> {
  const entries = await readdir(join(folder, below), { withFileTypes: true })
  const lists = entries
    .filter((entry) => !foreign.has(entry.name))
    .map(async (entry): Promise<string[]> => {
      const path = below === '' ? entry.name : `${below}/${entry.name}`
      if (entry.isDirectory()) return listFiles(folder, path)
      return entry.isFile() ? [path] : []
    })
  return (await Promise.all(lists)).flat().sort()
}

/** Contents by path of the files that `wanted` names. */
export async function readFiles(wanted: (path: string) => boolean, folder = root): Promise<Map<string, string>> {
  const paths = (await listFiles(folder)).filter(wanted)
  const contents = await Promise.all(paths.map((path) => readFile(join(folder, path), 'utf8')))
  return new Map(paths.map((path, index) => [path, contents[index] ?? '']))
}
