import { type FoldOutcome, foldEvent } from '@navarch/core/job/fold-event'
import type { JobDoc } from '@navarch/core/job/job-doc'
import type { JobEvent, JobRef } from '@navarch/core/job/job-event'

/** An event with the text that the audit keeps of it. */
export interface SentEvent {
  event: JobEvent
  text: string
  /** `jobKey` of its job. */
  key: string
}

/** What an event did, and the run as it was after it. */
export interface Applied {
  outcome: FoldOutcome
  run?: JobDoc
}

/** What calls do to what is stored, before any of it is. */
export interface FoldedCalls {
  /** For each call: what became of its events, or why none of them was taken. */
  results: ({ applied: Applied[] } | { error: unknown })[]
  /** Runs that are not as they were, by job. */
  changed: ReadonlyMap<string, readonly JobDoc[]>
  /** In the events' order. */
  audit: readonly { run: JobDoc; created: boolean; text: string }[]
}

/** A job as a key of a map: the length tells where the cluster's name ends. */
export function jobKey({ cluster, jobId }: Pick<JobRef, 'cluster' | 'jobId'>): string {
  return `${cluster.length}:${cluster}${jobId}`
}

/**
 * Folds the events of several calls, one after the other. A call with an event that cannot be folded does nothing, and the others
 * do what they do without it.
 * @param known all runs of all jobs of the events, by job
 */
export function foldCalls(
  known: ReadonlyMap<string, readonly JobDoc[]>,
  calls: readonly (readonly SentEvent[])[],
): FoldedCalls {
  const current = new Map<string, readonly JobDoc[]>()
  const audit: { run: JobDoc; created: boolean; text: string }[] = []
  const runsOf = (key: string) => current.get(key) ?? known.get(key) ?? []

  const foldCall = (call: readonly SentEvent[]): FoldedCalls['results'][number] => {
    const before = new Map<string, readonly JobDoc[]>()
    const audited = audit.length
    try {
      const applied = call.map(({ event, text, key }) => {
        const runs = runsOf(key)
        const { changed, outcome } = foldEvent(runs, event)
        if (!before.has(key)) before.set(key, runs)
        const after = changed.length > 0 ? replaced(runs, changed) : runs
        if (after !== runs) current.set(key, after)
        const run = after.find(({ restart }) => restart === outcome.restart)
        if (run && (outcome.status === 'created' || outcome.status === 'updated'))
          audit.push({ run, created: outcome.status === 'created', text })
        return run ? { outcome, run } : { outcome }
      })
      return { applied }
    } catch (error) {
      for (const [key, runs] of before) current.set(key, runs)
      audit.length = audited
      return { error }
    }
  }

  const results = calls.map(foldCall)
  const changed = new Map<string, readonly JobDoc[]>()
  for (const [key, runs] of current) {
    const old = known.get(key) ?? []
    const different = runs.filter((run) => !old.includes(run))
    if (different.length > 0) changed.set(key, different)
  }
  return { results, changed, audit }
}

function replaced(runs: readonly JobDoc[], changed: readonly JobDoc[]): JobDoc[] {
  return [...runs.filter((run) => !changed.some(({ restart }) => restart === run.restart)), ...changed]
}
