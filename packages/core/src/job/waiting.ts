import { parsePendingReason } from '@navarch/slurm/pending-reason'
import { pendingWords } from '../queue/pending-words.ts'
import type { ReasonWords } from '../queue/reason-table.ts'
import type { JobView } from './view-job.ts'

/** Why a job waits and what would make it start, in the words of the queue; undefined where Slurm gave no reason. */
export function waitingWords(view: JobView, now: number): ReasonWords | undefined {
  const { jobId, stateReason, dependency, eligibleTime } = view
  if (view.state !== 'pending' || stateReason === undefined) return undefined
  return pendingWords(
    {
      id: jobId,
      reason: parsePendingReason(stateReason),
      ...(dependency !== undefined && { dependency }),
      ...(eligibleTime !== undefined && { eligibleTime }),
    },
    now,
  )
}
