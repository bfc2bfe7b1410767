import type { JobJson } from '@navarch/api/jobs'
import { type PendingJobJson, type QueueJson, viewRoutes } from '@navarch/api/views'
import { Link } from '@tanstack/react-router'
import { useApi } from '../../api/queries.ts'
import { Empty } from '../../components/feedback.tsx'
import { Panel } from '../../components/panel.tsx'
import { withQuery } from '../../lib/path.ts'
import { rowOfJob } from '../queue/pending-row.ts'
import { WhyPending } from '../queue/why-pending.tsx'

/** The queue's row about a job that waits; undefined while it is read, where there is none, and of other jobs. */
export function usePendingRow(job: JobJson | undefined): PendingJobJson | undefined {
  const queue = useApi<QueueJson>(withQuery(viewRoutes.queue, { user: job?.user }), {
    topics: ['live'],
    enabled: job?.state === 'pending',
  })
  return job?.state === 'pending' && queue.data ? rowOfJob(queue.data.jobs, job) : undefined
}

/** What stands in the place of a run: why the job waits, and what would make it start. */
export function WaitingJob({ job, row }: { job: JobJson; row: PendingJobJson | undefined }) {
  return (
    <Panel
      title="Why it waits"
      aside={
        <Link to="/queue" search={row === undefined ? {} : { job: row.id }}>
          In the queue
        </Link>
      }
    >
      {row === undefined ? (
        <Empty title="The queue does not show it.">
          Slurm says: {job.scheduler?.state_reason ?? 'nothing'}. It may have started just now, or be far behind.
        </Empty>
      ) : (
        <WhyPending job={row} isOnPage />
      )}
    </Panel>
  )
}
