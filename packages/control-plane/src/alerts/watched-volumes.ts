import type { Reading, Readings } from '@navarch/core/alert/alert'
import type { Log } from '@navarch/system/log'
import { CommandTimeoutError, type RunCommand } from '@navarch/system/run-command'

const deadlineMs = 5_000
/** A path that does not answer is asked again after this, ms, and then ever more rarely. */
const firstRestMs = 60_000
const longestRestMs = 3_600_000

/**
 * How full the file system of a path is, percent, as df counts it: of what is in use or can be had without root. A process of its own asks:
 * a dead NFS server would hold one of ours for ever, and with it what all else is read by.
 * @returns what asks; undefined is what has no blocks, such as /proc
 */
export function volumeUse(run: RunCommand): (path: string) => Promise<number | undefined> {
  return async (path) => {
    const args = ['--file-system', '--format=%b %f %a', '--', path]
    const { code, stdout, stderr } = await run('stat', args, { deadlineMs, maxOutputBytes: 4096, env: { LC_ALL: 'C' } })
    if (code !== 0) throw new Error(stderr.trim().slice(0, 300) || `stat ended with ${code ?? 'a signal'}`)
    const [, blocks, free, available] = /^(\d+) (\d+) (\d+)\s*$/.exec(stdout) ?? []
    if (blocks === undefined) throw new Error(`stat printed ${JSON.stringify(stdout.slice(0, 80))}, not three numbers`)
    const used = Number(blocks) - Number(free)
    const all = used + Number(available)
    return all > 0 ? (100 * used) / all : undefined
  }
}

export interface VolumeDeps {
  paths: readonly string[]
  /** Rejects when it is not known; with `CommandTimeoutError` when nothing answers. */
  useOf: (path: string) => Promise<number | undefined>
  /** ms since the epoch. */
  now: () => number
  log: Log
}

/**
 * Use of the file systems of some paths, percent. One that does not answer in time is unknown, and rests before it is asked again. The
 * process that asked may be held for as long as its server is dead: there is one for a path at most.
 */
export function watchVolumes({ paths, useOf, now, log }: VolumeDeps): () => Promise<Readings> {
  const resting = new Map<string, { until: number; forMs: number }>()
  const failing = new Set<string>()
  const held = new Set<string>()
  const ask = async (path: string): Promise<number | undefined> => {
    const rest = resting.get(path)
    if (held.has(path) || (rest && now() < rest.until)) return undefined
    try {
      const value = await useOf(path)
      resting.delete(path)
      failing.delete(path)
      return value
    } catch (error) {
      if (error instanceof CommandTimeoutError) {
        const forMs = rest ? Math.min(2 * rest.forMs, longestRestMs) : firstRestMs
        resting.set(path, { until: now() + forMs, forMs })
        held.add(path)
        void error.ended.then(() => held.delete(path))
      }
      // Told once, not at every look.
      if (!failing.has(path)) {
        const why = error instanceof Error ? error.message : String(error)
        log.warn('use of a volume is not known: see alerts.volumes', { path, error: why })
      }
      failing.add(path)
      return undefined
    }
  }
  const watched = [...new Set(paths)]
  return async () => ({
    values: await Promise.all(
      watched.map(async (path): Promise<Reading> => ({ key: path, labels: { path }, value: await ask(path) })),
    ),
  })
}
