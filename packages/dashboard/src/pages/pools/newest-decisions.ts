import type { PoolHistoryJson } from '@navarch/api/views'

/** Decisions that are listed. */
const most = 12

/** The newest decisions, the newest first, by when they were made. */
export function newestDecisions(decisions: PoolHistoryJson['decisions']): PoolHistoryJson['decisions'] {
  return [...decisions].sort((one, other) => Date.parse(other.at) - Date.parse(one.at)).slice(0, most)
}
