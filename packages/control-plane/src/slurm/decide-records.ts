import { runId } from '@navarch/core/job/identity'
import type { JobDoc } from '@navarch/core/job/job-doc'
import type { JobRecorded, SlurmJobFacts } from '@navarch/core/job/job-event'
import { isFinalRecord } from '@navarch/core/job/slurm-word'
import type { AccountedJob } from '@navarch/slurm/accounted-job'
import type { JobRecord } from '@navarch/slurm/job-record'
import { isFinished } from '@navarch/slurm/job-state'
import type { SlurmSnapshot } from '@navarch/slurm/snapshot'
import { factsOfAccounted, factsOfRecord } from './job-facts.ts'

/** What was told of each run last, by its id ("812-r1"). */
export type ToldRecords = ReadonlyMap<string, string>

/** What all events of one look share. */
export interface RecordContext {
  cluster: string
  /** Whose word the look is. */
  from: 'squeue' | 'slurmrestd'
  /** ms since the epoch. */
  now: number
  correlationId: string
}

/**
 * The events that tell what a look at Slurm shows anew: of every job whose record is not as it was told last. A record whose
 * restarts have risen is another run. Tasks of an array that wait are one record under the array's id, until each starts.
 * @returns `told` as it is once the events are stored; runs that Slurm does not list any more are out of it
 */
export function decideRecords(
  told: ToldRecords,
  look: Pick<SlurmSnapshot, 'takenAt' | 'jobs' | 'finished'>,
  context: RecordContext,
): { events: JobRecorded[]; told: Map<string, string> } {
  const next = new Map<string, string>()
  const events: JobRecorded[] = []
  for (const job of [...look.jobs, ...look.finished]) {
    const id = runId({ jobId: String(job.id), restart: job.restarts })
    if (next.has(id)) continue
    const before = told.get(id)
    // Most of what a look shows is known, and of what has ended the most.
    if (before !== undefined && isFinished(job.state) && before === endPrint(job.state, job.endTime)) {
      next.set(id, before)
      continue
    }
    const facts = factsOfRecord(job, context.from)
    const print = fingerprint(facts)
    next.set(id, print)
    if (before !== print) events.push(recordOf(job, facts, look.takenAt, context))
  }
  return { events, told: next }
}

/** The event of a record of the controller that was looked up by itself. */
export function eventOfRecord(job: JobRecord, context: RecordContext): JobRecorded {
  const from = context.from === 'squeue' ? 'scontrol' : context.from
  return recordOf(job, factsOfRecord(job, from), context.now, context)
}

/** The event of a run that accounting was asked about. */
export function eventOfAccounted(run: AccountedJob, context: RecordContext): JobRecorded {
  return recordOf({ ...run, restarts: run.restarts ?? 0 }, factsOfAccounted(run), context.now, context)
}

/** What the store has been told: where it was told the same, nothing is told again. */
export function toldOf(runs: readonly JobDoc[], cluster: string): Map<string, string> {
  return new Map(
    runs.flatMap((run) => {
      if (!run.slurm || run.cluster !== cluster) return []
      const { at: _, ...facts } = run.slurm
      return [[runId(run), fingerprint(facts)]]
    }),
  )
}

/**
 * Runs that Slurm should be asked about by themselves: they go on by what hooks told, or ended without Slurm's word, and Slurm's
 * look, which is newer than they are, does not list them.
 */
export function isMissing(
  run: JobDoc,
  confirmed: boolean,
  look: Pick<SlurmSnapshot, 'takenAt'>,
  told: ToldRecords,
  cluster: string,
): boolean {
  if (confirmed || run.cluster !== cluster || !/^\d+$/.test(run.jobId)) return false
  return run.firstAt < look.takenAt && !told.has(runId(run))
}

function recordOf(
  { id, restarts, sluid }: Pick<JobRecord, 'id' | 'restarts' | 'sluid'>,
  facts: SlurmJobFacts,
  seenAt: number,
  { cluster, now, correlationId }: RecordContext,
): JobRecorded {
  return {
    kind: 'recorded',
    job: { cluster, jobId: String(id), restart: restarts, ...(sluid !== undefined && { sluid }) },
    // An end is dated by itself: told twice it is the same event.
    at: isFinalRecord(facts) ? (facts.endTime ?? seenAt) : seenAt,
    receivedAt: now,
    origin: { changedBy: 'slurm', source: 'scheduler', correlationId },
    record: facts,
  }
}

/**
 * What tells whether something is new: of an end its time, since it does not change any more; else all but the priority, which
 * changes all the time, and the predecessors of a job, of which each that ends shortens the list.
 */
function fingerprint(facts: SlurmJobFacts): string {
  if (isFinalRecord(facts)) return endPrint(facts.state, facts.endTime)
  const { state, reason, dependency, user, name, account, partition, qos, group, nodes } = facts
  const { submitTime, eligibleTime, startTime, endTime, timeLimitMinutes } = facts
  const words = [state, reason, dependency !== undefined, user, name, account, partition, qos, nodes, group?.arrayTask]
  return JSON.stringify([words, submitTime, eligibleTime, startTime, endTime, timeLimitMinutes])
}

function endPrint(state: string, endTime: number | undefined): string {
  return `${state} ${endTime}`
}
