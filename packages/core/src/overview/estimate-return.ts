import type { Operation } from '../operation/operation.ts'

/**
 * When a node that is being replaced is expected back, ms from now.
 * @param jobsEndMs ms until the last job on it must have ended by its time limit; undefined where no limit is known
 * @param afterJobsMs what replacements took of late from the end of the jobs; undefined where none was seen
 * @returns undefined where nobody can tell
 */
export function estimateReturn(
  operation: Pick<Operation, 'kind' | 'step' | 'steps' | 'createdAt'>,
  jobsEndMs: number | undefined,
  afterJobsMs: number | undefined,
  now: number,
): number | undefined {
  if (operation.kind !== 'replace' || afterJobsMs === undefined) return undefined
  if (operation.step === 'drain' || operation.step === 'wait') {
    return jobsEndMs === undefined ? undefined : Math.max(0, jobsEndMs) + afterJobsMs
  }
  const begun = operation.steps.find((step) => step.name === 'remove')?.startedAt ?? operation.createdAt
  // Longer than usual already: it may be any moment, and we do not know better.
  return Math.max(1000, afterJobsMs - (now - begun))
}

/** The middle one of some values; undefined of none. */
export function medianOf(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]
}
