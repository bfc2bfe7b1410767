import { runId } from '@navarch/core/job/identity'
import type { JobDoc } from '@navarch/core/job/job-doc'
import type { JobRecorded } from '@navarch/core/job/job-event'
import { isFinalRecord } from '@navarch/core/job/slurm-word'
import type { AccountedJob } from '@navarch/slurm/accounted-job'
import type { JobRecord } from '@navarch/slurm/job-record'
import { isFinished } from '@navarch/slurm/job-state'
import { SlurmError } from '@navarch/slurm/slurm-error'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'
import { eventOfAccounted, eventOfRecord, type RecordContext } from './decide-records.ts'
import type { SlurmLink } from './slurm-link.ts'

/** Runs that Slurm is asked about by themselves. */
export interface JobLookups {
  /** Adds a run, unless it was given up. */
  want(run: JobDoc): void
  isDue(): boolean
  /**
   * Asks about some of those that are due: the controller, which remembers ended jobs for minutes, and then accounting.
   * @returns the events of what was learned; a run that nobody knows is asked about again later, for a day
   */
  ask(context: RecordContext): Promise<JobRecorded[]>
}

interface Wanted {
  id: number
  restart: number
  /** A later run has its record in the controller. */
  superseded: boolean
  tries: number
  nextAt: number
  giveUpAt: number
}

const atOnce = 4
const perRound = 100
const firstPauseMs = 30_000
const longestPauseMs = 3_600_000
const patienceMs = 86_400_000

export function createJobLookups({
  slurm,
  clock,
  log,
}: {
  slurm: Pick<SlurmLink, 'jobs'>
  clock: Clock
  log: Log
}): JobLookups {
  const wanted = new Map<string, Wanted>()
  const givenUp = new Set<string>()
  let notBefore = 0

  const due = (): [string, Wanted][] => {
    const now = clock.now()
    return now < notBefore ? [] : [...wanted].filter(([, { nextAt }]) => nextAt <= now)
  }

  function later(key: string, run: Wanted): void {
    const now = clock.now()
    if (now >= run.giveUpAt) {
      wanted.delete(key)
      givenUp.add(key)
      log.warn('Slurm knows nothing of a job; its state stays as it is told by hooks', { job: key })
      return
    }
    run.tries++
    run.nextAt = now + Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(run.tries - 1, 16))
  }

  return {
    want(run) {
      const key = runId(run)
      const superseded = run.supersededAt !== undefined
      const before = wanted.get(key)
      if (before) before.superseded = superseded
      if (before || givenUp.has(key)) return
      const now = clock.now()
      const { restart } = run
      wanted.set(key, { id: Number(run.jobId), restart, superseded, tries: 0, nextAt: now, giveUpAt: now + patienceMs })
    },
    isDue: () => due().length > 0,
    async ask(context) {
      const round = due().slice(0, perRound)
      const events: JobRecorded[] = []
      const unknown: [string, Wanted][] = []
      try {
        for (let from = 0; from < round.length; from += atOnce) {
          await Promise.all(
            round.slice(from, from + atOnce).map(async ([key, run]) => {
              const record = run.superseded ? undefined : await recordOf(slurm, run)
              if (!record) {
                unknown.push([key, run])
                return
              }
              events.push(eventOfRecord(record, context))
              if (isFinished(record.state)) wanted.delete(key)
              else later(key, run)
            }),
          )
        }
        const runs = unknown.length === 0 ? [] : await accounted(slurm, unknown, log)
        for (const [key, run] of unknown) {
          const found = runs.find(({ id, restarts }) => id === run.id && restarts === run.restart)
          const event = found && eventOfAccounted(found, context)
          if (event && isFinalRecord(event.record)) {
            events.push(event)
            wanted.delete(key)
          } else later(key, run)
        }
      } catch (error) {
        // Slurm does not answer: all wait, and none of them is nearer to being given up.
        notBefore = clock.now() + firstPauseMs
        log.warn('jobs cannot be looked up in Slurm', { error: error instanceof Error ? error.message : String(error) })
      }
      return events
    },
  }
}

/** The controller's record of the run; undefined when it has none, or one of another run. */
async function recordOf(slurm: Pick<SlurmLink, 'jobs'>, { id, restart }: Wanted): Promise<JobRecord | undefined> {
  try {
    const { job } = await slurm.jobs.jobDetail(id)
    return job.restarts === restart ? job : undefined
  } catch (error) {
    if (error instanceof SlurmError && (error.code === 'not-found' || error.code === 'parse')) return undefined
    throw error
  }
}

/** What accounting has of the runs; nothing where there is no accounting. */
async function accounted(
  slurm: Pick<SlurmLink, 'jobs'>,
  runs: readonly [string, Wanted][],
  log: Log,
): Promise<AccountedJob[]> {
  try {
    return await slurm.jobs.accountedJobs([...new Set(runs.map(([, { id }]) => id))])
  } catch (error) {
    if (!(error instanceof SlurmError)) throw error
    log.debug('accounting has no answer', { error: error.message })
    return []
  }
}
