import type { Finding } from '@navarch/core/health/finding'
import { normalizeJobId, waitingArrayOf } from '@navarch/core/job/identity'
import type { JobDoc } from '@navarch/core/job/job-doc'
import type { JobEvent } from '@navarch/core/job/job-event'
import type { NodeStateSeen } from '@navarch/core/job/job-report'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'
import type { ApplyOutcome, JobStore } from '../../store/job-store.ts'
import { ServiceError } from '../service-error.ts'
import type { LiveUsages } from './live-usages.ts'

export interface JobServiceDeps {
  store: JobStore
  live: LiveUsages
  clock: Clock
  log: Log
  newId: () => string
  version: string
  /** The cluster that senders mean who name none. */
  cluster: () => string
  /** Findings on a node, the newest first. */
  findings: (node: string, limit: number) => Promise<readonly Finding[]>
  /** What Slurm says of nodes now; empty where it is not known. */
  nodeStates: (nodes: readonly string[]) => readonly NodeStateSeen[]
  /** What a run that waits waits for, as Slurm's newest look has it; undefined where it does not say. */
  dependency: (run: Pick<JobDoc, 'cluster' | 'jobId' | 'restart'>) => string | undefined
  /** Why the service does less than it should, in sentences. */
  conditions: () => readonly string[]
}

/**
 * The runs that an id means, the newest first; two clusters may both have a job of it. An array's waiting tasks are one record:
 * it answers to the list of any of them, since the list shrinks as they start.
 * @throws ServiceError `not_found`
 */
export async function findRuns(
  { store, log }: Pick<JobServiceDeps, 'store' | 'log'>,
  id: string,
): Promise<[JobDoc, ...JobDoc[]]> {
  const ids = isJobId(id) ? [normalizeJobId(id), waitingArrayOf(id)] : []
  let found: JobDoc[] = []
  for (const each of ids)
    if (found.length === 0 && each !== undefined) found = await guarded(log, () => store.find(each))
  const [newest, ...older] = found
  if (!newest)
    throw new ServiceError('not_found', `job not found: ${id.slice(0, 255)}; GET /v1/jobs lists what there is`)
  return [newest, ...older]
}

/** Whether a store can hold it as an id. */
export function isJobId(text: string): boolean {
  return text !== '' && text.length <= 255 && text.isWellFormed() && !/\p{Cc}/u.test(text)
}

/** Applies events. @throws ServiceError `unavailable` when the store cannot make them durable; then nothing was done */
export function applyEvents({ store, log }: JobServiceDeps, events: Iterable<JobEvent>): Promise<ApplyOutcome[]> {
  return guarded(log, () => store.apply(events))
}

/** Turns any failure of the store into one that tells the caller to come again. */
export async function guarded<T>(log: Log, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof ServiceError) throw error
    log.error('job store failed', { error: error instanceof Error ? error.message : String(error) })
    throw new ServiceError('unavailable', 'the job store does not answer now; send the request again', { cause: error })
  }
}
