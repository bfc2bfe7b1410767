import type { RunKey } from '@navarch/core/job/job-doc'
import type { JobState } from '@navarch/core/job/job-event'
import type { ApplyOutcome, JobFilter, NodeSeries, RetentionPolicy, SeriesWindow } from '../job-store.ts'

/**
 * The jobs' store as it is where the database is: documents and events are texts and readings packed bytes, so that they cross
 * from thread to thread as they lie in the database. `jobStoreOver` makes a `JobStore` of it.
 */
export interface JobBackend {
  /** @param events each in the form of `textOfEvent` */
  apply(events: readonly string[]): Promise<ApplyOutcome[]>
  find(id: string): Promise<string[]>
  list(filter: JobFilter): Promise<{ runs: string[]; total: number }>
  open(): Promise<string[]>
  countByState(): Promise<Record<JobState, number>>
  totalRuns(): Promise<number>
  audit(query: { jobId?: string; limit: number; before?: number }): Promise<AuditText[]>
  addSamples(batches: readonly PackedBatch[]): Promise<void>
  series(run: RunKey, window: SeriesWindow): Promise<NodeSeries[]>
  maintain(now: number, policy: RetentionPolicy): Promise<void>
  figures(): Promise<{ bytes: number; sampleValues: number; waitingBatches: number }>
  close(): Promise<void>
}

export interface AuditText {
  seq: number
  cluster: string
  jobId: string
  restart: number
  created: boolean
  /** In the form of `textOfEvent`. */
  event: string
}

/** One node's readings of one run in the form of `packBlock`. */
export interface PackedBatch {
  run: RunKey
  node: string
  /** Times of the first and the last reading. */
  from: number
  to: number
  readings: number
  /** Values that are known. */
  known: number
  bytes: Uint8Array
}
