import type { TimeLimit } from './duration.ts'
import type { ExitCode } from './exit-code.ts'
import type { HetComponent, JobArray } from './job-record.ts'
import type { JobState } from './job-state.ts'
import type { Tres } from './tres.ts'

/** One run of a job as slurmdbd keeps it, for ever. Times are ms since the epoch; absent means that it does not say. */
export interface AccountedJob {
  id: number
  /** Slurm's unique id of the run, from 24.11. */
  sluid?: string
  /** How often the job was requeued before this run: Slurm's own count from 24.11, before that the runs in order. */
  restarts?: number
  array?: JobArray
  het?: HetComponent
  name: string
  user?: string
  account?: string
  partition?: string
  qos?: string
  /** REQUEUED: the run ended and the job was queued again. */
  state: JobState
  /** Undefined while it runs or waits. */
  exit?: ExitCode
  /** As a hostlist; undefined for a run that never started. */
  nodes?: string
  submitTime?: number
  eligibleTime?: number
  startTime?: number
  endTime?: number
  timeLimit?: TimeLimit
  requested: Tres
  allocated: Tres
  /** CPU time of all steps, seconds. */
  cpuSeconds?: number
  /** Largest resident set of any task. */
  maxRssBytes?: number
}

/** Ids begin again at FirstJobId some day: runs of one id that lie further apart than this are of different jobs. */
const sameJobMs = 7 * 86_400_000

/**
 * Counts the restarts of runs whose release does not say: by the order in which they were submitted.
 * @returns the runs by id, the oldest first; of an id that was used again only its newest job's
 */
export function numberRuns(jobs: readonly AccountedJob[]): AccountedJob[] {
  const byId = new Map<number, AccountedJob[]>()
  for (const job of jobs) byId.set(job.id, [...(byId.get(job.id) ?? []), job])
  return [...byId.values()].flatMap((runs) => {
    const sorted = runs.toSorted((a, b) => (a.submitTime ?? 0) - (b.submitTime ?? 0))
    const first = sorted.findLastIndex((run, index) => {
      const before = sorted[index - 1]
      return before === undefined || (run.submitTime ?? 0) - (before.endTime ?? run.submitTime ?? 0) > sameJobMs
    })
    return sorted.slice(Math.max(0, first)).map((run, index) => ({ ...run, restarts: run.restarts ?? index }))
  })
}
