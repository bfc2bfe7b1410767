import { statfs } from 'node:fs/promises'
import type { Reading, Readings } from '@navarch/core/alert/alert'
import type { Clock } from '@navarch/system/clock'

const deadlineMs = 5_000

/** How full a file system is, percent, as df counts it: of what is in use or can be had without root. */
export async function usedPercent(path: string): Promise<number> {
  const { blocks, bfree, bavail } = await statfs(path)
  const used = blocks - bfree
  return used + bavail === 0 ? 0 : (100 * used) / (used + bavail)
}

/**
 * Use of the file systems of some paths, percent. One that does not answer in time is unknown, and is not asked again before it has answered:
 * a dead NFS server holds one thread, not all.
 */
export function watchVolumes(
  paths: readonly string[],
  clock: Clock,
  useOf: (path: string) => Promise<number>,
): () => Promise<Readings> {
  const running = new Map<string, Promise<number>>()
  const ask = (path: string): Promise<number> => {
    const known = running.get(path)
    if (known !== undefined) return known
    const asked = useOf(path).finally(() => running.delete(path))
    running.set(path, asked)
    return asked
  }
  return async () => ({
    values: await Promise.all(
      [...new Set(paths)].map(async (path): Promise<Reading> => {
        const done = new AbortController()
        const late = clock.sleep(deadlineMs, done.signal).then(
          () => undefined,
          () => undefined,
        )
        const value = await Promise.race([ask(path).catch(() => undefined), late])
        done.abort()
        return { key: path, labels: { path }, value }
      }),
    ),
  })
}
