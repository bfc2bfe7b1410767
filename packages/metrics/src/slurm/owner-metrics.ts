import type { JobRecord } from '@navarch/slurm/job-record'
import type { Metric } from '../exposition.ts'
import { addJob, type JobCounts, noJobs } from './job-counts.ts'
import { bounded, byLabel, type Dropped, entryOf, gauge } from './make-metrics.ts'

/** Users, and accounts, that are told at most; those with the most jobs first. */
const mostOwners = 2000

/** What squeue prints for a job without an account. */
const nobody = '(null)'

/** Jobs, CPUs, GPUs and memory by account and by user. */
export function ownerMetrics(jobs: readonly JobRecord[], dropped: Dropped): Metric[] {
  return [
    ...metricsOf('account', jobs, (job) => job.account ?? nobody, dropped),
    ...metricsOf('user', jobs, (job) => job.user, dropped),
  ]
}

function metricsOf(
  kind: 'account' | 'user',
  jobs: readonly JobRecord[],
  ownerOf: (job: JobRecord) => string,
  dropped: Dropped,
): Metric[] {
  const owners = new Map<string, JobCounts>()
  for (const job of jobs) addJob(entryOf(owners, ownerOf(job), noJobs), job)
  const weight = ([, counts]: readonly [string, JobCounts]) => counts.running + counts.pending
  const shown = bounded([...owners], mostOwners, weight, `${kind}s`, dropped)
  const each = (name: string, what: string, value: (counts: JobCounts) => number) =>
    gauge(`slurm_${kind}_${name}`, `${what} of the ${kind}.`, byLabel(kind, shown, value))
  return [
    each('jobs_pending', 'Waiting jobs', (counts) => counts.pending),
    each('jobs_running', 'Running jobs', (counts) => counts.running),
    each('jobs_suspended', 'Suspended jobs', (counts) => counts.suspended),
    each('cpus_pending', 'CPUs that waiting jobs ask for,', (counts) => counts.pendingCpus),
    each('cpus_running', 'CPUs of running jobs', (counts) => counts.runningCpus),
    each('gpus_pending', 'GPUs that waiting jobs ask for,', (counts) => counts.pendingGpus),
    each('gpus_running', 'GPUs of running jobs', (counts) => counts.runningGpus),
    each('memory_running_bytes', 'Memory of running jobs', (counts) => counts.runningMemoryMb * 1024 * 1024),
  ]
}
