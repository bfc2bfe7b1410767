import type {
  JobCreated,
  JobDeleted,
  JobFinished,
  JobRecorded,
  JobRef,
  JobStarted,
  SlurmJobFacts,
} from '@navarch/core/job/job-event'

/** A time for tests: 14 November 2023, ms. */
export const noon = 1_700_000_000_000

const origin = { changedBy: 'agent gpu-001', source: 'agent', correlationId: 'c-1' }

function base(job: Partial<JobRef>, at: number) {
  return { job: { cluster: 'default', jobId: '812', restart: 0, ...job }, at, receivedAt: at + 5, origin }
}

/** The start of a job on a node, by default that of job 812 on gpu-001 at `noon`. */
export function started(
  job: Partial<JobRef> = {},
  { at = noon, node = 'gpu-001', ...rest }: Partial<JobStarted> = {},
): JobStarted {
  return { kind: 'started', ...base(job, at), node, user: 'ada', nodes: [node], ...rest }
}

/** Its end, by default a minute later and without a fault. */
export function finished(
  job: Partial<JobRef> = {},
  { at = noon + 60_000, node = 'gpu-001', ...rest }: Partial<JobFinished> = {},
): JobFinished {
  return { kind: 'finished', ...base(job, at), node, exit: { status: 0, signal: 0 }, ...rest }
}

/** Slurm's word on it. */
export function recorded(job: Partial<JobRef>, facts: Partial<SlurmJobFacts>, at = noon): JobRecorded {
  return { kind: 'recorded', ...base(job, at), record: { state: 'RUNNING', from: 'squeue', ...facts } }
}

/** A job that a client of the API made. */
export function created(job: Partial<JobRef>, at = noon): JobCreated {
  return { kind: 'created', ...base(job, at), user: 'bob', nodes: ['gpu-002'] }
}

/** Its removal. */
export function deleted(job: Partial<JobRef>, at = noon + 1): JobDeleted {
  return { kind: 'deleted', ...base(job, at) }
}
