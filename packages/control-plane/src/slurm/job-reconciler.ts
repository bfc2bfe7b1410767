import type { JobDoc } from '@navarch/core/job/job-doc'
import type { JobRecorded } from '@navarch/core/job/job-event'
import { isFinalRecord } from '@navarch/core/job/slurm-word'
import { viewJob } from '@navarch/core/job/view-job'
import { SlurmError } from '@navarch/slurm/slurm-error'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'
import type { JobStore } from '../store/job-store.ts'
import { createAccountLookups } from './account-lookups.ts'
import { createAdminComments } from './admin-comment.ts'
import { decideRecords, isMissing, type RecordContext, toldOf } from './decide-records.ts'
import { createJobLookups } from './job-lookups.ts'
import { createOutputNotes, type OutputNoteEffects } from './output-notes.ts'
import type { SlurmLink } from './slurm-link.ts'

export interface JobReconcilerDeps {
  store: Pick<JobStore, 'apply' | 'open' | 'list' | 'find'>
  slurm: Pick<SlurmLink, 'view' | 'onLook' | 'config' | 'jobs' | 'source'>
  clock: Clock
  log: Log
  newId: () => string
  /** Whether summaries of ended jobs are written into their AdminComment. Default false. */
  adminComment?: boolean
  /** How the agents write verdicts into output files; absent: they do not. */
  outputNotes?: OutputNoteEffects
}

export interface JobReconciler {
  /** Tells the store what Slurm shows until the signal, and never rejects. */
  run(signal: AbortSignal): Promise<void>
  /** Slurm's name of the cluster; undefined before the first answer. */
  cluster(): string | undefined
}

/** Events of one transaction. */
const batchSize = 500
/** How often runs that Slurm does not list are looked for, and those that are due are asked about, ms. */
const searchMs = 60_000
const lookupMs = 5_000
/** How far back the search goes each time; a whole day, for events that came late, once an hour and at the start. */
const recentMs = 15 * 60_000
const dayMs = 86_400_000
const wholeDayEveryMs = 3_600_000
const pageSize = 500
/** Longer than slurmctld remembers ended jobs at most sites (MinJobAge), ms. */
const rememberedMs = 3_600_000

/**
 * Makes the link from Slurm's own word to the jobs: after each look it stores what is new, and it asks about those that Slurm
 * does not list any more (see `job-lookups.ts`). It waits for nothing: a Slurm or a store that is away only makes it later.
 */
export function createJobReconciler(deps: JobReconcilerDeps): JobReconciler {
  const { store, slurm, clock, log, newId } = deps
  const lookups = createJobLookups(deps)
  const accounts = createAccountLookups(deps)
  const comments = deps.adminComment ? createAdminComments(deps) : undefined
  const notes = deps.outputNotes && createOutputNotes({ ...deps.outputNotes, store, clock, log })
  let name: string | undefined
  let told: Map<string, string> | undefined
  let lastLook = Number.NEGATIVE_INFINITY
  let searchAt = 0
  let wholeDayAt = 0

  async function context(): Promise<RecordContext> {
    name ??= (await slurm.config()).clusterName
    return { cluster: name, from: slurm.source, now: clock.now(), correlationId: newId() }
  }

  async function tell(): Promise<void> {
    const { snapshot } = slurm.view()
    if (!snapshot || snapshot.takenAt <= lastLook) return
    const isEmpty = snapshot.jobs.length + snapshot.finished.length === 0
    const about = await context().catch((error: unknown) => {
      // Before there is any job, slurmrestd of 22.05 cannot tell the cluster's name.
      if (isEmpty && error instanceof SlurmError) return undefined
      throw error
    })
    if (!about) return
    told ??= toldOf([...(await store.open()), ...(await endedSince(clock.now() - rememberedMs))], about.cluster)
    const decided = decideRecords(told, snapshot, about)
    await applyAll(decided.events)
    told = decided.told
    lastLook = snapshot.takenAt
  }

  async function applyAll(events: readonly JobRecorded[]): Promise<void> {
    for (let from = 0; from < events.length; from += batchSize) {
      const batch = events.slice(from, from + batchSize)
      const outcomes = await store.apply(batch)
      for (const [index, { status }] of outcomes.entries()) {
        const event = batch[index]
        if (!event || status === 'skipped' || !isFinalRecord(event.record)) continue
        const { cluster, jobId, restart = 0 } = event.job
        comments?.want({ cluster, jobId, restart })
        notes?.want({ cluster, jobId, restart })
      }
    }
  }

  async function endedSince(from: number): Promise<JobDoc[]> {
    const ended = { states: ['completed', 'failed', 'cancelled'] as const, from, to: clock.now() }
    const all: JobDoc[] = []
    for (;;) {
      const { runs } = await store.list({ ...ended, limit: pageSize, offset: all.length })
      all.push(...runs)
      if (runs.length < pageSize) return all
    }
  }

  /** Finds the runs whose end Slurm has not told and will not tell by itself. */
  async function search(): Promise<void> {
    const { snapshot } = slurm.view()
    const now = clock.now()
    if (!snapshot || !told || name === undefined || now < searchAt) return
    searchAt = now + searchMs
    const wholeDay = now >= wholeDayAt
    const want = (runs: readonly JobDoc[]): void => {
      for (const run of runs) {
        if (told && isMissing(run, viewJob(run).confirmed, snapshot, told, name ?? '')) lookups.want(run)
      }
    }
    want(await store.open())
    const ended = await endedSince(now - (wholeDay ? dayMs : recentMs))
    want(ended)
    for (const run of ended) if (run.cluster === name) accounts.want(run)
    if (wholeDay) wholeDayAt = now + wholeDayEveryMs
  }

  async function ask(): Promise<void> {
    if (lookups.isDue()) await applyAll(await lookups.ask(await context()))
  }

  async function account(): Promise<void> {
    if (accounts.isDue()) await applyAll(await accounts.ask(await context()))
  }

  async function comment(): Promise<void> {
    await comments?.write()
    await notes?.write()
  }

  return {
    cluster: () => name,
    async run(signal) {
      while (!signal.aborted) {
        const turn = new AbortController()
        const stop = slurm.onLook(() => turn.abort(new Error('a new look')))
        for (const work of [tell, search, ask, account, comment]) {
          await work().catch((error: unknown) =>
            log.warn('jobs are not reconciled with Slurm', { work: work.name, error: messageOf(error) }),
          )
        }
        await clock.sleep(lookupMs, AbortSignal.any([signal, turn.signal])).catch(() => {})
        stop()
      }
    },
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
