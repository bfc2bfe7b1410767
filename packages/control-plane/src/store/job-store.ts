import type { FoldOutcome } from '@navarch/core/job/fold-event'
import type { JobDoc, RunKey } from '@navarch/core/job/job-doc'
import type { JobEvent, JobState } from '@navarch/core/job/job-event'
import type { JobSample } from '@navarch/core/job/sample-columns'

/** What became of one event. */
export interface ApplyOutcome extends FoldOutcome {
  /** The run's state after the event and all others that were stored in the same transaction; undefined when there is no run. */
  state?: JobState
}

export interface JobFilter {
  states?: readonly JobState[]
  user?: string
  account?: string
  partition?: string
  /** Jobs that have or had this node. */
  node?: string
  /** Runs that were running at any time from `from` until `to`, ms. */
  from?: number
  to?: number
  limit: number
  offset: number
}

/** One line of the audit: an event and what it did. Never changed; deletes have one too. */
export interface AuditRow {
  seq: number
  receivedAt: number
  cluster: string
  jobId: string
  restart: number
  kind: JobEvent['kind']
  changedBy: string
  source: string
  correlationId: string
  outcome: 'created' | 'updated'
  event: JobEvent
}

/** One node's readings of one run, as they came. */
export interface SampleBatch {
  run: RunKey
  /** "" for readings that a client of the API recorded. */
  node: string
  samples: readonly JobSample[]
}

/** A run's readings on one node, oldest first, each moment once; `step` ms apart where they were downsampled. */
export interface NodeSeries {
  node: string
  samples: readonly JobSample[]
  /** Undefined: as read. Otherwise each sample stands for this many ms that begin at its time: means of gauges, last of counters. */
  stepMs?: number
}

/** A stretch of time, both ends included, ms. */
export interface SeriesWindow {
  from: number
  to: number
  /** Readings nearer than this are joined to one, as `downsample` does; undefined: as they are kept. */
  stepMs?: number
}

export interface RetentionPolicy {
  /** Age from which readings are downsampled to `coarseStepMs`, and from which they go; ms. */
  rawMs: number
  coarseStepMs: number
  samplesMs: number
  /** Age from its end at which a run goes, with its samples. Its audit goes with it. */
  jobsMs: number
}

/** Durable job events, runs and readings, over SQLite and PostgreSQL alike. */
export interface JobStore {
  readonly description: string
  /**
   * Folds events into the runs they are about, with an audit row for each that changed something. All of it is durable when
   * the promise resolves, or nothing. Calls that wait together share one transaction. Outcomes are in the events' order.
   * @param events are read once, before the call returns
   */
  apply(events: Iterable<JobEvent>): Promise<ApplyOutcome[]>
  /**
   * All runs of the jobs that an id means, newest first: a raw job id, "array_task", "het+offset", a SLUID, or a run's id
   * ("812-r1") which means that one run. Empty when there is none. Tombstones are left out.
   */
  find(id: string): Promise<JobDoc[]>
  /** Newest first by start (by creation where none has started), then by job id. */
  list(filter: JobFilter): Promise<{ runs: JobDoc[]; total: number }>
  /** Runs that are pending or running. */
  open(): Promise<JobDoc[]>
  countByState(): Promise<Record<JobState, number>>
  /** All runs that were ever stored: a counter. */
  totalRuns(): Promise<number>
  /** Newest first, of all jobs or of those that an id means (see `find`), deleted ones too; `before`: with a lower `seq`. */
  audit(query: { jobId?: string; limit: number; before?: number }): Promise<AuditRow[]>
  /** Keeps readings. Durable when the promise resolves. A batch that comes twice counts once. */
  addSamples(batches: readonly SampleBatch[]): Promise<void>
  /** A run's readings of the window, by node. */
  series(run: RunKey, window: SeriesWindow): Promise<NodeSeries[]>
  /** Packs what is ripe, downsamples and removes by policy; small steps that never hold up `apply` for more than 50 ms. */
  maintain(now: number, policy: RetentionPolicy): Promise<void>
  /** Figures for metrics: bytes on disk, values kept, batches that are not packed yet. */
  figures(): Promise<{ bytes: number; sampleValues: number; waitingBatches: number }>
  close(): Promise<void>
}
