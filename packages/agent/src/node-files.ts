import { mkdir, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'

/** What the control plane says of this node, in files for tools on it. */
export interface NodeFiles {
  /** What it says now, as one line of JSON. */
  update(nodeJson: string): void
  /** It is still so: the link to the control plane is alive. */
  refresh(): void
  /** What it said last; undefined before the first time. */
  nodeJson(): string | undefined
  close(): Promise<void>
}

export interface NodeFilesOptions {
  /** e.g. /run/navarch. */
  folder: string
  /** Names that the node goes by: its id, and the host's name. */
  names: readonly string[]
  clock: Clock
  log: Log
}

/** A file is good for this long after its last refresh, ms: what a health check of a prolog may rely on. */
const goodForMs = 180_000
/** Refreshed this often at most, ms. */
const refreshEveryMs = 30_000

/**
 * Keeps `node-<name>.json` for each name of the node: what `navarch get NAME --output json` prints.
 *
 * The executable `navarch` begins as a shell script, which prints such a file without starting anything when it is good.
 * A file's time is the moment until which it is good, so that a shell can tell by comparing it with a new process.
 */
export function createNodeFiles(options: NodeFilesOptions): NodeFiles {
  const { folder, clock, log } = options
  const paths = [...new Set(options.names)].map((name) => join(folder, `node-${name}.json`))
  let latest: string | undefined
  let text: string | undefined
  let writtenAt = 0
  let work: Promise<void> = Promise.resolve()
  let failed = false

  const write = (): void => {
    writtenAt = clock.now()
    const content = text
    const goodUntil = new Date(writtenAt + goodForMs)
    work = work.then(async () => {
      try {
        await mkdir(folder, { recursive: true, mode: 0o755 })
        for (const path of paths) {
          await writeFile(`${path}.new`, content ?? '', { mode: 0o644 })
          await utimes(`${path}.new`, goodUntil, goodUntil)
          await rename(`${path}.new`, path)
        }
      } catch (error) {
        if (!failed) log.warn('no node files for tools', { folder, error: String(error) })
        failed = true
      }
    })
  }
  return {
    nodeJson: () => latest,
    update: (nodeJson) => {
      if (nodeJson === latest) return
      const formatted = format(nodeJson)
      if (formatted === undefined) return log.error('the control plane sent a node that is no JSON')
      latest = nodeJson
      text = formatted
      write()
    },
    refresh: () => {
      if (text !== undefined && Math.abs(clock.now() - writtenAt) >= refreshEveryMs) write()
    },
    close: async () => {
      await work
      // An agent that does not run keeps nothing up to date.
      await Promise.all(paths.map((path) => rm(path, { force: true }).catch(() => {})))
    },
  }
}

/** As `navarch` prints JSON. */
function format(json: string): string | undefined {
  try {
    return `${JSON.stringify(JSON.parse(json), undefined, 2)}\n`
  } catch {
    return undefined
  }
}
