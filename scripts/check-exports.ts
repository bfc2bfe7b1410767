/** Exported names that no other file mentions: dead code, or an export that should be private. */
import { readFiles } from './source-files.ts'

/** Packages whose exports are for others too. */
const published = /^packages\/(?:slurm|system|lab)\//

/**
 * Unused exports, as `path: name`. A name counts as used when any other file that is no test of the same name mentions
 * it: coarse, but without false alarms.
 */
export function findUnusedExports(sources: ReadonlyMap<string, string>): string[] {
  const users = new Map<string, Set<string>>()
  for (const [path, text] of sources) {
    for (const [word] of text.matchAll(/[A-Za-z_$][\w$]*/g)) {
      const paths = users.get(word)
      if (paths) paths.add(path)
      else users.set(word, new Set([path]))
    }
  }
  const declared = /^export (?:async )?(?:function|const|class)\*? ([\w$]+)/gm
  return [...sources]
    .filter(
      ([path]) =>
        /^packages\/[^/]+\/src\//.test(path) &&
        !published.test(path) &&
        !/\.test\.ts$|\.generated\.ts$|\/main\.ts$/.test(path),
    )
    .flatMap(([path, text]) =>
      [...text.matchAll(declared)]
        .map(([, name = '']) => name)
        .filter((name) => [...(users.get(name) ?? [])].every((user) => user === path))
        .map((name) => `${path}: ${name} is exported and used nowhere else`),
    )
}

/** Unused exports of the repository. */
export async function checkExports(): Promise<string[]> {
  return findUnusedExports(await readFiles((path) => /\.tsx?$/.test(path) && !path.endsWith('.d.ts')))
}
