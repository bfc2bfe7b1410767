import type { Gres } from '@navarch/slurm/gres'
import type { JobRecord } from '@navarch/slurm/job-record'

/** How many jobs a record stands for: the pending tasks of an array are one record. */
export function jobsIn(job: JobRecord): number {
  return job.array?.count ?? 1
}

/**
 * GPUs of one job: what Slurm accounts for it, and where GPUs are not in AccountingStorageTRES, what it asked for by
 * `--gpus`, `--gpus-per-node`, `--gpus-per-task`, `--gres` or `--gpus-per-socket` (one socket per node is assumed).
 */
export function gpusOf({ tres, request }: JobRecord): number {
  const whole = tres['gres/gpu']
  if (whole !== undefined) return whole
  const typed = Object.entries(tres).filter(([name]) => name.startsWith('gres/gpu:'))
  if (typed.length > 0) return typed.reduce((sum, [, count]) => sum + count, 0)
  const nodes = Math.max(1, request.nodesMin)
  return Math.max(
    gpus(request.gresPerJob),
    gpus(request.gresPerTask) * (request.tasks ?? 1),
    gpus(request.gresPerNode) * nodes,
    gpus(request.gresPerSocket) * nodes,
  )
}

function gpus(list: readonly Gres[]): number {
  return list.reduce((sum, { name, count }) => (name === 'gpu' ? sum + count : sum), 0)
}

/** What some jobs are and have. Memory in MiB. */
export interface JobCounts {
  pending: number
  running: number
  suspended: number
  pendingCpus: number
  runningCpus: number
  pendingGpus: number
  runningGpus: number
  runningMemoryMb: number
}

export function noJobs(): JobCounts {
  return {
    pending: 0,
    running: 0,
    suspended: 0,
    pendingCpus: 0,
    runningCpus: 0,
    pendingGpus: 0,
    runningGpus: 0,
    runningMemoryMb: 0,
  }
}

/** Adds a record to the counts, all its array tasks included. Other states than these three count nowhere. */
export function addJob(counts: JobCounts, job: JobRecord): void {
  const jobs = jobsIn(job)
  if (job.state === 'PENDING') {
    counts.pending += jobs
    counts.pendingCpus += jobs * job.request.cpus
    counts.pendingGpus += jobs * gpusOf(job)
  } else if (job.state === 'RUNNING') {
    counts.running += jobs
    counts.runningCpus += jobs * job.request.cpus
    counts.runningGpus += jobs * gpusOf(job)
    counts.runningMemoryMb += jobs * (job.tres['mem'] ?? 0)
  } else if (job.state === 'SUSPENDED') counts.suspended += jobs
}
