import type { JobJson } from '@navarch/api/jobs'
import type { PendingJobJson } from '@navarch/api/views'

/** The job that a row of the queue leads to: of an array "1001_[9-40%8]" the array itself, since its waiting tasks have no pages yet. */
export function jobIdOf(queueId: string): string {
  return /^\d+(?=_\[)/.exec(queueId)?.[0] ?? queueId
}

/** The row of the queue that is about a job; undefined when Slurm shows none. */
export function rowOfJob(
  rows: readonly PendingJobJson[],
  { id, array_job_id: array }: Pick<JobJson, 'id' | 'array_job_id'>,
): PendingJobJson | undefined {
  return (
    rows.find((row) => row.id === id) ??
    rows.find((row) => jobIdOf(row.id) === (array === undefined ? id : String(array)))
  )
}
