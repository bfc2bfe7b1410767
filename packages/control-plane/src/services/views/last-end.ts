import type { JobRecord } from '@navarch/slurm/job-record'

/** When the last of some jobs must have ended, by their time limits; undefined where there is none, or one of them has no limit. */
export function lastEnd(jobs: readonly Pick<JobRecord, 'endTime'>[]): number | undefined {
  const ends = jobs.flatMap((job) => job.endTime ?? [])
  return ends.length > 0 && ends.length === jobs.length ? Math.max(...ends) : undefined
}
