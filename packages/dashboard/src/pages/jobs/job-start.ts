import type { JobJson } from '@navarch/api/jobs'

/** When a job began, ms; null of one that waits, whatever time its record has, and where nobody told. */
export function startOf({ state, start_time }: Pick<JobJson, 'state' | 'start_time'>): number | null {
  if (state === 'pending' || start_time === null) return null
  const at = Date.parse(start_time)
  return Number.isNaN(at) ? null : at
}
