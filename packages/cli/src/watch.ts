import { CliError, exitCodes } from './cli-error.ts'
import type { CommandContext } from './context.ts'
import { renderDocument } from './output/print.ts'

/** How often a watched document is fetched, ms. */
const intervalMs = 2_000

/** Home, and clear to the end of the screen: what was there is overwritten rather than scrolled away. */
const redraw = '\x1b[H\x1b[2J'

/** Readings that change all the time: they alone are no change of the document. */
const readings = new Set([
  'last_heartbeat',
  'utilization',
  'temperature_celsius',
  'power_watts',
  'memory_used',
  'seen_at',
  'last_seen_at',
  'data_age_seconds',
])

export interface Watched<T> {
  fetch: () => Promise<T>
  table: (document: T) => string
  /** What is printed as json or yaml: all that was fetched by default. */
  printed?: (document: T) => unknown
  /** The part whose change is worth another document where nothing is redrawn; all that is printed but `readings` by default. */
  news?: (document: T) => unknown
  /** Ends the watch with this status; never by default. */
  until?: (document: T) => number | undefined
  intervalMs?: number
}

/**
 * Shows a document again and again until the user ends it: redrawn on a terminal, printed at each change elsewhere
 * (json: one document a line). A control plane that goes away is told once and waited for; one that was never there is
 * an error.
 */
export async function watch<T>(context: CommandContext, watched: Watched<T>): Promise<number> {
  const { io } = context
  const onScreen = io.stdout.isTTY && (context.output === 'table' || context.output === 'wide')
  let shown: string | undefined
  let away = false
  while (!io.signal.aborted) {
    const document = await fetchOr(watched.fetch, (error) => {
      if (io.signal.aborted) return
      if (shown === undefined || error.code !== exitCodes.unreachable) throw error
      if (!away) io.stderr.write(`navarch: ${error.message}; waiting for it\n`)
      away = true
    })
    if (document !== undefined) {
      away = false
      const printed = watched.printed ? watched.printed(document) : document
      const state = fingerprint(watched.news?.(document) ?? printed)
      if (onScreen) io.stdout.write(redraw + fit(watched.table(document), io.stdout.rows))
      else if (state !== shown) {
        io.stdout.write(await renderDocument(context, printed, () => watched.table(document), { many: true }))
      }
      shown = state
      const end = watched.until?.(document)
      if (end !== undefined) return end
    }
    await io.clock.sleep(watched.intervalMs ?? intervalMs, io.signal).catch(() => {})
  }
  return exitCodes.ok
}

async function fetchOr<T>(fetch: () => Promise<T>, onError: (error: CliError) => void): Promise<T | undefined> {
  try {
    return await fetch()
  } catch (error) {
    if (!(error instanceof CliError)) throw error
    onError(error)
    return undefined
  }
}

/** What is longer than the screen would scroll its own head away. */
function fit(text: string, rows = Number.POSITIVE_INFINITY): string {
  const lines = text.split('\n')
  // The last one is empty: the cursor stands there.
  if (lines.length <= rows) return text
  const shown = Math.max(1, rows - 2)
  return [...lines.slice(0, shown), `... ${lines.length - 1 - shown} more lines`, ''].join('\n')
}

function fingerprint(document: unknown): string {
  return JSON.stringify(document, (key, value: unknown) => (readings.has(key) ? undefined : value))
}
