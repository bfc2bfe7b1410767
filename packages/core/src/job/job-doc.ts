import type { JobChange, JobFinished, JobStarted, SlurmJobFacts } from './job-event.ts'

/** What a start event says, without what all events have. */
export type StartFacts = Omit<JobStarted, 'kind' | 'job' | 'receivedAt' | 'origin'>
/** What an end event says, without what all events have. */
export type FinishFacts = Omit<JobFinished, 'kind' | 'job' | 'receivedAt' | 'origin'>

/**
 * All that was said about one run of a job, as it is stored. It holds what was said, not what follows from it: any order of
 * the same events, with any repetitions, makes the same document. `viewJob` tells what follows.
 */
export interface JobDoc {
  cluster: string
  jobId: string
  restart: number
  sluid?: string
  /** The earliest `at` of all that was said of it, ms. */
  firstAt: number
  /** By node; under "" what was said of the job as a whole. */
  started: Readonly<Record<string, StartFacts>>
  finished: Readonly<Record<string, FinishFacts>>
  /** The newest of Slurm's words, with when they were Slurm's; one about the end wins over all others. */
  slurm?: SlurmJobFacts & { at: number }
  /** What Slurm ever said beside its state: what the newest word leaves out is taken from here. */
  slurmEver?: Partial<SlurmJobFacts>
  created?: {
    at: number
    user: string
    nodes: readonly string[]
    facts?: Partial<SlurmJobFacts>
    schedulerType?: 'mock' | 'slurm'
    extra?: Readonly<Record<string, unknown>>
  }
  changed?: JobChange & { at: number }
  /** First sign of a later run, ms: this one was requeued. */
  supersededAt?: number
  /** A tombstone: late events change nothing. */
  deletedAt?: number
}

/** Names one run: unique in a store. */
export interface RunKey {
  cluster: string
  jobId: string
  restart: number
}
