import type { FleetRows } from './fleet-rows.ts'

/** Rows renewed in one go: some milliseconds. */
export const rowsAtOnce = 500

/**
 * Renews the rows that are marked now, a piece at a time: all rows of a large fleet take some tenths of a second, and others must
 * get their turn meanwhile. What is marked meanwhile waits for the next one: heartbeats never end.
 */
export async function bringUpToDate(rows: Pick<FleetRows, 'renew'>, breathe: () => Promise<void>): Promise<void> {
  let left = rows.renew(rowsAtOnce)
  // What is left may have to be compared first, and then renewed.
  for (let turns = 2 * Math.ceil(left / rowsAtOnce); turns > 0 && left > 0; turns--) {
    await breathe()
    left = rows.renew(rowsAtOnce)
  }
}
