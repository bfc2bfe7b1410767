import type { JobChange, JobFinished, JobStarted, SlurmJobFacts } from './job-event.ts'

type Envelope = 'kind' | 'job' | 'receivedAt' | 'origin'
type WholeKeys = 'user' | 'nodes' | 'name' | 'account' | 'partition' | 'qos' | 'workDir' | 'group'

/** What start and end events say of the job as a whole. Every node says the same, so it is kept once. */
export type WholeFacts = Partial<Pick<JobStarted, WholeKeys>>
/** What a start event says of its node. */
export type StartFacts = Omit<JobStarted, Envelope | WholeKeys>
/** What an end event says of its node. */
export type FinishFacts = Omit<JobFinished, Envelope | WholeKeys>

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
  /** What was said of the job as a whole, joined. */
  whole?: WholeFacts
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
