import type { JobReads } from '../jobs/job-service.ts'

/** A job's part on one node. Times are ms since the epoch. */
export interface NodeJob {
  id: string
  run_id: string
  user: string
  state: string
  from: number
  /** Undefined: it goes on. */
  to: number | undefined
  /** GPUs that it has on this node. */
  gpus: number
  uuids: readonly string[]
}

/** Jobs that one page shows. */
const mostJobs = 300

/** The jobs that ran on a node within a window, newest first. */
export async function jobsOfNode(
  jobs: Pick<JobReads, 'list'>,
  node: string,
  from: number,
  to: number,
): Promise<NodeJob[]> {
  const filter = { state: undefined, user: undefined, account: undefined, partition: undefined }
  const found = await jobs.list({ ...filter, node, from, to, limit: mostJobs, offset: 0 })
  return found.jobs
    .filter((job) => job.state !== 'pending')
    .flatMap((job) => {
      // Of a run whose start nobody told, its end is all that is known.
      const since = job.start_time ?? job.end_time
      if (since === undefined) return []
      const uuids = job.gpus.filter((gpu) => gpu.node === node).map((gpu) => gpu.uuid)
      const share = Math.round((job.allocated_gpus ?? 0) / Math.max(1, job.node_count))
      const part: NodeJob = {
        id: job.id,
        run_id: job.run_id,
        user: job.user,
        state: job.state,
        from: Date.parse(since),
        to: job.end_time === undefined ? undefined : Date.parse(job.end_time),
        gpus: uuids.length > 0 ? uuids.length : share,
        uuids,
      }
      return [part]
    })
}
