/** Which run of a job is its newest, for agents that cannot know it. */
export interface NewestRuns {
  /** 0 while nothing is known of the job. */
  of(job: { cluster: string; jobId: string }): Promise<number>
  /** An event was about this run. */
  learn(job: { cluster: string; jobId: string }, restart: number): void
}

/** Jobs that are remembered; the oldest goes first. */
const most = 20_000
/** How long an answer holds: Slurm may tell of a later run by another way. */
const validMs = 30_000

/** @param find asks the store; undefined where the job is not known */
export function createNewestRuns(
  find: (jobId: string, cluster: string) => Promise<number | undefined>,
  now: () => number,
): NewestRuns {
  const known = new Map<string, { restart: number; until: number }>()
  const keyOf = ({ cluster, jobId }: { cluster: string; jobId: string }) => `${cluster.length}:${cluster}${jobId}`
  const keep = (key: string, restart: number) => {
    known.delete(key)
    known.set(key, { restart, until: now() + validMs })
    if (known.size <= most) return
    const [oldest] = known.keys()
    if (oldest !== undefined) known.delete(oldest)
  }
  return {
    async of(job) {
      const key = keyOf(job)
      const before = known.get(key)
      if (before && now() < before.until) return before.restart
      const restart = await find(job.jobId, job.cluster)
      // A job that nobody told of yet is asked for again: its start may be on its way.
      if (restart !== undefined) keep(key, restart)
      return restart ?? 0
    },
    learn(job, restart) {
      if (known.size === 0) return
      const key = keyOf(job)
      const before = known.get(key)
      // What is not in memory may have a newer run on disk.
      if (before && restart > before.restart) keep(key, restart)
    },
  }
}
