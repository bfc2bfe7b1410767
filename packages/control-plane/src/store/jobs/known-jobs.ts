import type { JobDoc } from '@navarch/core/job/job-doc'
import type { RunRow } from './run-row.ts'

/** A run as it is stored. */
export interface StoredRun {
  id: number
  doc: JobDoc
  /** `nodes` is undefined when nobody has looked which there are. */
  row: Omit<RunRow, 'nodes'> & { nodes?: RunRow['nodes'] }
  /** Characters of its document. */
  size: number
}

/** Runs of jobs that were used last, by job. Only for a store that nobody else writes. */
export interface KnownJobs {
  get(key: string): readonly StoredRun[] | undefined
  set(key: string, runs: readonly StoredRun[]): void
  forget(key: string): void
  clear(): void
}

/** @param limit characters of all documents together, after which those that nobody asked for longest are forgotten */
export function createKnownJobs(limit: number): KnownJobs {
  const jobs = new Map<string, readonly StoredRun[]>()
  let total = 0
  const sizeOf = (runs: readonly StoredRun[]) => runs.reduce((sum, { size }) => sum + size, 0)
  const forget = (key: string) => {
    const runs = jobs.get(key)
    if (runs) total -= sizeOf(runs)
    jobs.delete(key)
  }
  return {
    get(key) {
      const runs = jobs.get(key)
      if (runs) {
        jobs.delete(key)
        jobs.set(key, runs)
      }
      return runs
    },
    set(key, runs) {
      forget(key)
      jobs.set(key, runs)
      total += sizeOf(runs)
      for (const oldest of jobs.keys()) {
        if (total <= limit) break
        forget(oldest)
      }
    },
    forget,
    clear() {
      jobs.clear()
      total = 0
    },
  }
}

/** Knows nothing: each look is one into the database, which others write too. */
export const nothingKnown: KnownJobs = { get: () => undefined, set: () => {}, forget: () => {}, clear: () => {} }
