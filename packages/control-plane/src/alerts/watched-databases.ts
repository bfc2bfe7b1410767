import type { Reading, Readings } from '@navarch/core/alert/alert'
import type { DatabaseSpec } from '@navarch/core/alert/alerts-spec'
import type { Log } from '@navarch/system/log'
import type { RunCommand } from '@navarch/system/run-command'

const deadlineMs = 10_000

export interface DatabaseDeps {
  databases: readonly DatabaseSpec[]
  /** Of the database that Navarch itself keeps its state in; undefined where it is embedded. */
  own: () => Promise<{ used: number; max: number } | undefined>
  run: RunCommand
  log: Log
}

/** Connections in use of databases, percent. One that does not tell is unknown. */
export function watchDatabases({ databases, own, run, log }: DatabaseDeps): () => Promise<Readings> {
  const failing = new Set<string>()
  const reading = async (name: string, ask: () => Promise<{ used: number; max: number } | undefined>) => {
    try {
      const told = await ask()
      failing.delete(name)
      if (!told) return []
      const note = `${told.used} of ${told.max} connections are in use`
      const value = told.max > 0 ? (100 * told.used) / told.max : undefined
      return [{ key: name, labels: { database: name }, value, note } satisfies Reading]
    } catch (error) {
      // Told once, not at every look.
      if (!failing.has(name))
        log.warn('connections of a database are not known', { database: name, error: String(error) })
      failing.add(name)
      return [{ key: name, labels: { database: name }, value: undefined } satisfies Reading]
    }
  }
  return async () => {
    const values = await Promise.all([
      reading('navarch', own),
      ...databases.map(({ name, command }) => reading(name, async () => connectionsOf(await output(run, command)))),
    ])
    return { values: values.flat() }
  }
}

async function output(run: RunCommand, command: string): Promise<string> {
  const { code, stdout, stderr } = await run('/bin/sh', ['-c', command], { deadlineMs, maxOutputBytes: 64 * 1024 })
  if (code !== 0) throw new Error(`the command ended with ${code ?? 'a signal'}: ${stderr.trim().slice(0, 300)}`)
  return stdout
}

/**
 * The first two whole numbers that a command printed.
 * @throws Error when there are none, or they make no sense
 */
export function connectionsOf(text: string): { used: number; max: number } {
  const [used, max] = [...text.matchAll(/\d{1,9}/g)].map(([digits]) => Number(digits))
  if (used === undefined || max === undefined || max === 0) {
    throw new Error(
      `the command must print the connections in use and the most there may be, such as "12 151"; it printed ${JSON.stringify(text.trim().slice(0, 80))}`,
    )
  }
  return { used, max }
}
