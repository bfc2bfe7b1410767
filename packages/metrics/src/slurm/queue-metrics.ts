import type { JobRecord } from '@navarch/slurm/job-record'
import { type JobState, jobStates } from '@navarch/slurm/job-state'
import type { SlurmSnapshot } from '@navarch/slurm/snapshot'
import type { Metric } from '../exposition.ts'
import { jobsIn } from './job-counts.ts'
import { bounded, byLabel, type Dropped, gauge, single } from './make-metrics.ts'

/** States of jobs that have a metric of their own, and how it is called. */
const named: readonly (readonly [JobState, string, string])[] = [
  ['PENDING', 'pending', 'Jobs that wait.'],
  ['RUNNING', 'running', 'Jobs that run.'],
  ['SUSPENDED', 'suspended', 'Jobs that are suspended.'],
  ['COMPLETING', 'completing', 'Jobs that are ending.'],
  ['CONFIGURING', 'configuring', 'Jobs that have their nodes and wait for them to be ready.'],
  ['COMPLETED', 'completed', 'Jobs that ended with exit code 0 and that slurmctld still knows (MinJobAge).'],
  ['CANCELLED', 'cancelled', 'Jobs that were cancelled and that slurmctld still knows (MinJobAge).'],
  ['FAILED', 'failed', 'Jobs that failed and that slurmctld still knows (MinJobAge).'],
  ['TIMEOUT', 'timeout', 'Jobs that ran into their time limit and that slurmctld still knows (MinJobAge).'],
  ['PREEMPTED', 'preempted', 'Jobs that were preempted and that slurmctld still knows (MinJobAge).'],
  ['NODE_FAIL', 'node_fail', 'Jobs that lost a node and that slurmctld still knows (MinJobAge).'],
  ['OUT_OF_MEMORY', 'out_of_memory', 'Jobs that ran out of memory and that slurmctld still knows (MinJobAge).'],
]

/** Reasons that are told at most; Slurm has about 200. */
const mostReasons = 300

/** Jobs by state, all array tasks counted. */
export function countStates(jobs: Iterable<JobRecord>): Map<JobState, number> {
  const counts = new Map<JobState, number>()
  for (const job of jobs) counts.set(job.state, (counts.get(job.state) ?? 0) + jobsIn(job))
  return counts
}

/** Jobs of the whole queue by state, and those that wait by reason. */
export function queueMetrics({ jobs, finished }: Pick<SlurmSnapshot, 'jobs' | 'finished'>, dropped: Dropped): Metric[] {
  const states = countStates([...jobs, ...finished])
  const reasons = new Map<string, number>()
  for (const job of jobs)
    if (job.state === 'PENDING') reasons.set(job.reason.code, (reasons.get(job.reason.code) ?? 0) + jobsIn(job))
  const shown = bounded([...reasons], mostReasons, ([, count]) => count, 'pending_reasons', dropped)
  return [
    ...named.map(([state, name, help]) => single(`slurm_queue_${name}`, help, states.get(state) ?? 0)),
    single('slurm_queue_pending_dependency', 'Jobs that wait for other jobs.', reasons.get('Dependency') ?? 0),
    gauge(
      'slurm_queue_jobs',
      'Jobs by state, in the words of squeue; those that are over as long as slurmctld knows them.',
      [...jobStates, 'UNKNOWN' as const].map((state) => ({
        labels: { state: state.toLowerCase() },
        value: states.get(state) ?? 0,
      })),
    ),
    gauge(
      'slurm_queue_pending_reason',
      'Jobs that wait, by the reason that Slurm gives.',
      byLabel('reason', shown, (count) => count),
    ),
    single(
      'slurm_queue_records',
      'Records of jobs in slurmctld; the waiting tasks of an array are one.',
      jobs.length + finished.length,
    ),
  ]
}
