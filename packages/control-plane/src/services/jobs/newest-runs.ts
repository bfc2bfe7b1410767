/** Which run of a job is its newest, for agents that cannot know it. */
export interface NewestRuns {
  /** 0 while nothing is known of the job. */
  of(job: { cluster: string; jobId: string }): Promise<number>
  /** An event was about this run. */
  learn(job: { cluster: string; jobId: string }, restart: number): void
}

/** Jobs that are remembered; the oldest goes first. */
const most = 20_000

/** @param find asks the store; undefined where the job is not known */
export function createNewestRuns(find: (jobId: string, cluster: string) => Promise<number | undefined>): NewestRuns {
  const known = new Map<string, number>()
  const keyOf = ({ cluster, jobId }: { cluster: string; jobId: string }) => JSON.stringify([cluster, jobId])
  const keep = (key: string, restart: number) => {
    known.delete(key)
    known.set(key, restart)
    if (known.size <= most) return
    const [oldest] = known.keys()
    if (oldest !== undefined) known.delete(oldest)
  }
  return {
    async of(job) {
      const key = keyOf(job)
      const restart = known.get(key) ?? (await find(job.jobId, job.cluster))
      // A job that nobody told of yet is asked for again: its start may be on its way.
      if (restart !== undefined) keep(key, restart)
      return restart ?? 0
    },
    learn(job, restart) {
      const key = keyOf(job)
      const before = known.get(key)
      // What is not in memory may have a newer run on disk.
      if (before !== undefined && restart > before) keep(key, restart)
    },
  }
}
