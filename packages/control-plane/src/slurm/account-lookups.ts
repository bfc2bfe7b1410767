import { runId } from '@navarch/core/job/identity'
import type { JobDoc } from '@navarch/core/job/job-doc'
import type { JobRecorded } from '@navarch/core/job/job-event'
import { isFinalRecord } from '@navarch/core/job/slurm-word'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'
import { eventOfAccounted, type RecordContext } from './decide-records.ts'
import type { SlurmLink } from './slurm-link.ts'

/** Ended runs whose CPU time accounting may know better than anybody who watched them. */
export interface AccountLookups {
  /** Adds the run where that is so. */
  want(run: JobDoc): void
  isDue(): boolean
  /** Asks accounting about those that are due, with one command. @returns the events of what was learned */
  ask(context: RecordContext): Promise<JobRecorded[]>
}

/** After the end, ms: steps come to slurmdbd a moment later than they end. Then it is asked no more. */
const asksAfterMs = [30_000, 120_000, 900_000] as const
/** Where accounting has no answer, all wait for so long, ms. */
const awayMs = 600_000
const perRound = 100
const mostWaiting = 10_000

/**
 * Whether a run ended, ran, and has no CPU time of its own counters: readings of processes (`proc`) miss what was used after the
 * last of them, and where nobody read there are none at all. Accounting counts each process at its end.
 */
export function lacksAccounting({ slurm, slurmEver, started, finished, jobId }: JobDoc): boolean {
  if (!slurm || !isFinalRecord(slurm) || slurm.startTime === undefined || !/^\d+$/.test(jobId)) return false
  if ((slurm.accounted ?? slurmEver?.accounted) !== undefined) return false
  const sources = Object.values(finished).map(({ usage }) => usage?.source ?? 'none')
  return sources.length < Math.max(1, Object.keys(started).length) || sources.some((source) => !isCounter(source))
}

function isCounter(source: string): boolean {
  return source === 'cgroup-v1' || source === 'cgroup-v2'
}

export function createAccountLookups({
  slurm,
  clock,
  log,
}: {
  slurm: Pick<SlurmLink, 'jobs'>
  clock: Clock
  log: Log
}): AccountLookups {
  const wanted = new Map<string, { id: number; restart: number; endTime: number; tries: number }>()
  const asked = new Set<string>()
  let notBefore = 0

  const due = () => {
    const now = clock.now()
    if (now < notBefore) return []
    return [...wanted].filter(([, { endTime, tries }]) => now - endTime >= (asksAfterMs[tries] ?? 0)).slice(0, perRound)
  }
  const drop = (key: string) => {
    wanted.delete(key)
    asked.add(key)
    const [oldest] = asked
    if (asked.size > mostWaiting && oldest !== undefined) asked.delete(oldest)
  }

  return {
    want(run) {
      const key = runId(run)
      if (wanted.has(key) || asked.has(key) || wanted.size >= mostWaiting || !lacksAccounting(run)) return
      const endTime = run.slurm?.endTime ?? clock.now()
      wanted.set(key, { id: Number(run.jobId), restart: run.restart, endTime, tries: 0 })
    },
    isDue: () => due().length > 0,
    async ask(context) {
      const round = due()
      if (round.length === 0) return []
      let runs: Awaited<ReturnType<typeof slurm.jobs.accountedJobs>>
      try {
        runs = await slurm.jobs.accountedJobs([...new Set(round.map(([, { id }]) => id))])
      } catch (error) {
        // Where there is no accounting, this is what it says each time.
        notBefore = clock.now() + awayMs
        log.debug('accounting has no answer', { error: error instanceof Error ? error.message : String(error) })
        return []
      }
      return round.flatMap(([key, one]): JobRecorded[] => {
        const found = runs.find(({ id, restarts }) => id === one.id && restarts === one.restart)
        const event = found && eventOfAccounted(found, context)
        if (event?.record.accounted && isFinalRecord(event.record)) {
          drop(key)
          return [event]
        }
        one.tries++
        if (one.tries >= asksAfterMs.length) drop(key)
        return []
      })
    },
  }
}
