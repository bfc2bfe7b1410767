import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log } from '@navarch/system/log'

/** The folder that an exporter of GPU metrics reads to learn who has which GPU. */
export interface JobMappingFiles {
  /** Makes the folder say this: file names with the jobs of each. */
  write(mapping: ReadonlyMap<string, readonly string[]>): void
  /** Removes what is there: an agent that does not run keeps nothing up to date. */
  close(): Promise<void>
}

/** What exporters take for a file of theirs; all others in the folder are left alone. */
const mappingFile = /^\d+(\.\d+)?$/

/**
 * Keeps the files, one job id a line. Each is replaced as a whole, so that a reader never finds half of one, and a file that
 * another run of the agent left goes with the first write.
 * @param folder is made when it is not there; its files are this agent's alone
 */
export function createJobMappingFiles(folder: string, log: Log): JobMappingFiles {
  let written = new Map<string, string>()
  let wanted: Map<string, string> | undefined
  let isFirst = true
  let work: Promise<void> = Promise.resolve()
  let failed = false
  let isClosed = false

  const mappingsThere = async () => (await readdir(folder)).filter((name) => mappingFile.test(name))
  const apply = async (): Promise<void> => {
    const next = wanted
    wanted = undefined
    if (!next || isClosed) return
    await mkdir(folder, { recursive: true, mode: 0o755 })
    const there = isFirst ? await mappingsThere() : written.keys()
    const stale = [...there].filter((name) => !next.has(name))
    await Promise.all(stale.map((name) => rm(join(folder, name), { force: true })))
    for (const [name, content] of next) {
      if (!isFirst && written.get(name) === content) continue
      const draft = join(folder, `.${name}.new`)
      await writeFile(draft, content, { mode: 0o644 })
      await rename(draft, join(folder, name))
    }
    written = next
    isFirst = false
    failed = false
  }
  const start = (): void => {
    work = work.then(apply).catch((error: unknown) => {
      // What is there now is not known: the next write looks.
      isFirst = true
      if (!failed) log.warn('no job files for exporters of GPU metrics', { folder, error: String(error) })
      failed = true
    })
  }
  return {
    write: (mapping) => {
      const next = new Map([...mapping].map(([name, jobs]) => [name, jobs.map((job) => `${job}\n`).join('')]))
      if (!isFirst && wanted === undefined && isSame(next, written)) return
      const isWaiting = wanted !== undefined
      wanted = next
      if (!isWaiting) start()
    },
    close: async () => {
      isClosed = true
      await work
      const names = await mappingsThere().catch(() => [])
      await Promise.all(names.map((name) => rm(join(folder, name), { force: true }).catch(() => {})))
    },
  }
}

function isSame(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([name, content]) => b.get(name) === content)
}
