import type { JobRecord } from '@navarch/slurm/job-record'
import type { SlurmSnapshot } from '@navarch/slurm/snapshot'
import type { Metric, MetricSample } from '../exposition.ts'
import { jobsIn } from './job-counts.ts'
import { gauge } from './make-metrics.ts'

const hourMs = 3_600_000
/** Less than this says nothing about an hour, ms. */
const leastMs = 300_000

/**
 * Ends of jobs that looks have shown. slurmctld forgets a job MinJobAge (300 s by default) after its end: what ends and is
 * forgotten between two looks is not among them. Times are those of looks, by the clock of this machine: slurmctld's may be
 * another, and may be set while it runs.
 */
export interface JobEnds {
  /** When the first look was, ms since the epoch: what was over then is not counted. */
  since: number
  /** When the newest look was. */
  at: number
  /** Runs that the newest look showed as over. */
  known: ReadonlySet<string>
  /** Jobs since the first look by partition and state. */
  totals: ReadonlyMap<string, { partition: string; state: string; jobs: number }>
  /** Completed jobs of the last hour, by the look that showed them first. */
  completed: readonly { at: number; partition: string; jobs: number }[]
}

/** Adds what a look shows. @param before undefined before the first look */
export function foldEnds(before: JobEnds | undefined, snapshot: Pick<SlurmSnapshot, 'takenAt' | 'finished'>): JobEnds {
  const { takenAt, finished } = snapshot
  const known = new Set(finished.map(runOf))
  if (!before) return { since: takenAt, at: takenAt, known, totals: new Map(), completed: [] }
  // A clock that was set back takes along what was dated by it.
  const backMs = Math.max(0, before.at - takenAt)
  const totals = new Map(before.totals)
  const fresh = new Map<string, number>()
  for (const job of finished) {
    if (before.known.has(runOf(job))) continue
    const [partition = ''] = job.partitions
    const state = job.state.toLowerCase()
    const jobs = (totals.get(`${partition} ${state}`)?.jobs ?? 0) + jobsIn(job)
    totals.set(`${partition} ${state}`, { partition, state, jobs })
    if (job.state === 'COMPLETED') fresh.set(partition, (fresh.get(partition) ?? 0) + jobsIn(job))
  }
  const completed = [
    ...before.completed.map((ended) => (backMs === 0 ? ended : { ...ended, at: ended.at - backMs })),
    ...[...fresh].map(([partition, jobs]) => ({ at: takenAt, partition, jobs })),
  ].filter(({ at }) => at > takenAt - hourMs)
  return { since: before.since - backMs, at: takenAt, known, totals, completed }
}

/** A job that is requeued runs under the same id again. */
function runOf(job: JobRecord): string {
  return `${job.id} ${job.restarts} ${job.endTime ?? ''} ${job.array?.tasks ?? ''}`
}

/** Counters begin at 0 for these, so that the first end is an increase. */
const usualStates = [
  'completed',
  'failed',
  'cancelled',
  'timeout',
  'node_fail',
  'out_of_memory',
  'preempted',
  'deadline',
  'boot_fail',
] as const

/** Ends by partition and state, and completed jobs per hour. @param now ms since the epoch */
export function endMetrics(ends: JobEnds, partitions: readonly string[], now: number): Metric[] {
  const totals = new Map(ends.totals)
  for (const partition of partitions)
    for (const state of usualStates) {
      const key = `${partition} ${state}`
      if (!totals.has(key)) totals.set(key, { partition, state, jobs: 0 })
    }
  return [
    {
      name: 'slurm_jobs_ended_total',
      help: 'Jobs that ended since this exporter started, by partition and state.',
      type: 'counter',
      samples: [...totals.values()].map(({ partition, state, jobs }) => ({
        labels: { partition, state },
        value: jobs,
      })),
    },
    gauge(
      'slurm_partition_jobs_completed_per_hour',
      'Jobs that were completed in the last hour, or as many as they would be at the pace since the start; absent in the first five minutes.',
      perHour(ends, partitions, now),
    ),
  ]
}

function perHour({ since, completed }: JobEnds, partitions: readonly string[], now: number): MetricSample[] {
  const seenMs = Math.min(hourMs, now - since)
  if (seenMs < leastMs) return []
  const jobs = new Map<string, number>(partitions.map((partition) => [partition, 0]))
  for (const end of completed) jobs.set(end.partition, (jobs.get(end.partition) ?? 0) + end.jobs)
  return [...jobs].map(([partition, count]) => ({ labels: { partition }, value: (count * hourMs) / seenMs }))
}
