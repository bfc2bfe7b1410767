import type { SlurmSnapshot } from '@navarch/slurm/snapshot'

/** Jobs that were completed lately, by partition. */
export interface Completions {
  /** Takes what a look at Slurm shows of jobs that are over. */
  look(snapshot: SlurmSnapshot): void
  /** One that is known from elsewhere. Told twice, it counts once. */
  add(job: string, partition: string, endedAt: number): void
  /** Completed within the last hour, by partition. */
  byPartition(now: number): Map<string, number>
}

const hourMs = 3_600_000
/** Ends kept at most: an hour of a very busy cluster. */
const mostEnds = 500_000

/** slurmctld forgets ended jobs within minutes; here they are remembered for an hour. */
export function createCompletions(): Completions {
  const ends = new Map<string, { partition: string; at: number }>()
  let oldestFirst = 0

  const add = (job: string, partition: string, at: number): void => {
    if (ends.size < mostEnds) ends.set(job, { partition, at })
  }

  return {
    add,
    look({ finished, takenAt }) {
      for (const job of finished) {
        if (job.state !== 'COMPLETED' || job.endTime === undefined || takenAt - job.endTime > hourMs) continue
        add(`${job.id}-r${job.restarts}`, job.partitions[0] ?? '', job.endTime)
      }
      if (takenAt - oldestFirst < 60_000) return
      oldestFirst = takenAt
      for (const [job, { at }] of ends) if (takenAt - at > hourMs) ends.delete(job)
    },
    byPartition(now) {
      const counts = new Map<string, number>()
      for (const { partition, at } of ends.values()) {
        if (now - at <= hourMs) counts.set(partition, (counts.get(partition) ?? 0) + 1)
      }
      return counts
    },
  }
}
