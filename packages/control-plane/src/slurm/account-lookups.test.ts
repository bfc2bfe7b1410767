import type { JobDoc } from '@navarch/core/job/job-doc'
import type { UsageSource } from '@navarch/core/job/node-usage'
import type { AccountedJob } from '@navarch/slurm/accounted-job'
import { SlurmError } from '@navarch/slurm/slurm-error'
import { silentLog } from '@navarch/system/log'
import { createManualClock } from '@navarch/system/manual-clock'
import { describe, expect, it } from 'vitest'
import { createAccountLookups, lacksAccounting } from './account-lookups.ts'

const noon = Date.parse('2026-03-01T12:00:00Z')
const end = noon + 60_000
const context = { cluster: 'lab', from: 'squeue', now: end, correlationId: 'c' } as const

/** A run that Slurm said has ended; its node's figures come from `source`. */
function ended(source?: UsageSource, change: Partial<JobDoc> = {}): JobDoc {
  const usage = source && { source, since: noon, until: end, readings: 2, cpuSeconds: 1, gpus: [] }
  return {
    ...{ cluster: 'lab', jobId: '812', restart: 0, firstAt: noon },
    started: { n1: { at: noon, node: 'n1' } },
    finished: usage ? { n1: { at: end, node: 'n1', usage } } : {},
    slurm: { state: 'COMPLETED', from: 'squeue', startTime: noon, endTime: end, at: end },
    ...change,
  }
}

/** Accounting that knows these runs; undefined: there is none. */
function accounting(runs: readonly Partial<AccountedJob>[] | undefined) {
  const clock = createManualClock(end)
  const asked: number[][] = []
  const accountedJobs = async (ids: readonly number[]): Promise<AccountedJob[]> => {
    asked.push([...ids])
    if (!runs) throw new SlurmError('refused', 'Slurm accounting storage is disabled')
    return runs.map((run) => ({
      ...{ id: 812, restarts: 0, name: 'x', state: 'COMPLETED', requested: {}, allocated: {}, nodes: 'n1' },
      ...{ startTime: noon, endTime: end },
      ...run,
    }))
  }
  const refuse = () => Promise.reject(new Error('not asked'))
  const jobs = { accountedJobs, version: refuse, jobDetail: refuse, adminComment: refuse, setAdminComment: refuse }
  return { clock, asked, lookups: createAccountLookups({ slurm: { jobs }, clock, log: silentLog }) }
}

describe('a run lacks accounting', () => {
  it('where its processes alone were read, or nothing was', () => {
    expect(lacksAccounting(ended('proc'))).toBe(true)
    expect(lacksAccounting(ended('none'))).toBe(true)
    expect(lacksAccounting(ended())).toBe(true)
    expect(lacksAccounting(ended(undefined, { started: {} }))).toBe(true)
  })

  it('not where groups counted, while it runs, when it never ran, nor when accounting has told', () => {
    expect(lacksAccounting(ended('cgroup-v2'))).toBe(false)
    expect(
      lacksAccounting(ended('proc', { slurm: { state: 'RUNNING', from: 'squeue', startTime: noon, at: noon } })),
    ).toBe(false)
    expect(lacksAccounting(ended(undefined, { slurm: { state: 'CANCELLED', from: 'squeue', at: end } }))).toBe(false)
    expect(lacksAccounting(ended('proc', { slurmEver: { accounted: { cpuSeconds: 2 } } }))).toBe(false)
    expect(lacksAccounting(ended('proc', { jobId: 'by-hand' }))).toBe(false)
  })
})

describe('accounting', () => {
  it('is asked half a minute after the end, once, and its record is told', async () => {
    const { clock, asked, lookups } = accounting([{ cpuSeconds: 7 }])
    lookups.want(ended('proc'))
    expect(lookups.isDue()).toBe(false)
    await clock.advance(30_000)
    const [event] = await lookups.ask(context)
    expect(event).toMatchObject({
      job: { jobId: '812', restart: 0 },
      record: { from: 'sacct', accounted: { cpuSeconds: 7 } },
    })
    lookups.want(ended('proc'))
    await clock.advance(3_600_000)
    expect(lookups.isDue()).toBe(false)
    expect(asked).toEqual([[812]])
  })

  it('is asked three times while it has no figures of the run, or another run', async () => {
    const { clock, asked, lookups } = accounting([{}, { restarts: 1, cpuSeconds: 7 }])
    lookups.want(ended('proc'))
    for (const ms of [30_000, 90_000, 780_000, 3_600_000]) {
      await clock.advance(ms)
      expect(await lookups.ask(context)).toEqual([])
    }
    expect(asked).toHaveLength(3)
  })

  it('that is not there is asked again after ten minutes', async () => {
    const { clock, asked, lookups } = accounting(undefined)
    lookups.want(ended('proc'))
    await clock.advance(30_000)
    expect(await lookups.ask(context)).toEqual([])
    expect(lookups.isDue()).toBe(false)
    await clock.advance(600_000)
    expect(lookups.isDue()).toBe(true)
    expect(asked).toHaveLength(1)
  })
})
