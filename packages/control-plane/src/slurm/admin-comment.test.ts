import { gunzipSync } from 'node:zlib'
import { foldEvent } from '@navarch/core/job/fold-event'
import type { JobDoc } from '@navarch/core/job/job-doc'
import type { JobEvent } from '@navarch/core/job/job-event'
import type { NodeUsage } from '@navarch/core/job/node-usage'
import { viewJob } from '@navarch/core/job/view-job'
import { SlurmError } from '@navarch/slurm/slurm-error'
import { silentLog } from '@navarch/system/log'
import { createManualClock } from '@navarch/system/manual-clock'
import { describe, expect, it } from 'vitest'
import { finished, noon, recorded, started } from '../../test/job-events.ts'
import { createAdminComments, jobstatsComment, mayReplace, sentenceComment } from './admin-comment.ts'

const usage: NodeUsage = {
  source: 'cgroup-v2',
  since: noon,
  until: noon + 60_000,
  readings: 5,
  cpuSeconds: 90,
  cpus: 3,
  memoryMaxBytes: 1_000,
  memoryLimitBytes: 4_000,
  gpus: [
    {
      uuid: 'GPU-1',
      vendor: 'nvidia',
      index: 3,
      readings: 5,
      utilizationMean: 71.26,
      utilizationSeconds: 60,
      memoryMaxBytes: 10,
      memoryTotalBytes: 80,
    },
  ],
}
const fold = (...events: JobEvent[]): JobDoc => {
  let runs: readonly JobDoc[] = []
  for (const event of events) runs = foldEvent(runs, event).changed
  const [run] = runs
  if (!run) throw new Error('no run')
  return run
}
const facts = {
  state: 'COMPLETED',
  nodes: 'gpu-001',
  startTime: noon,
  endTime: noon + 60_000,
  allocated: { cpus: 3, gpus: 1 },
}
const measured = fold(started(), finished({}, { usage }), recorded({}, facts))
const unmeasured = fold(recorded({}, facts))

describe('the summary', () => {
  it('is what jobstats reads', () => {
    const comment = jobstatsComment(viewJob(measured))
    expect(comment).toMatch(/^JS1:[A-Za-z0-9+/=]+$/)
    expect(JSON.parse(gunzipSync(Buffer.from(comment.slice(4), 'base64')).toString())).toEqual({
      nodes: {
        'gpu-001': {
          cpus: 3,
          total_time: 90,
          total_memory: 4_000,
          used_memory: 1_000,
          gpu_utilization: { 3: 71.3 },
          gpu_used_memory: { 3: 10 },
          gpu_total_memory: { 3: 80 },
        },
      },
      total_time: 60,
      gpus: 1,
    })
    expect(jobstatsComment(viewJob(unmeasured))).toBe('JS1:None')
  })

  it('is a sentence where letters are made small, without what is not known', () => {
    expect(sentenceComment(viewJob(measured))).toBe('navarch: completed after 1m, cpu 50 %, memory 25 %, gpu 71 %')
    expect(sentenceComment(viewJob(unmeasured))).toBe('navarch: completed after 1m')
  })
})

describe('an AdminComment', () => {
  const clock = createManualClock(noon)
  const slurmOf = (version: string, existing: string | undefined, error?: SlurmError) => {
    const written: [number, string][] = []
    const asked: number[] = []
    const [major = 0, minor = 0, micro = 0] = version.split('.').map(Number)
    const jobs = {
      version: async () => ({ major, minor, micro, text: version }),
      jobDetail: () => Promise.reject(new Error('not asked')),
      accountedJobs: () => Promise.reject(new Error('not asked')),
      adminComment: async (id: number) => {
        asked.push(id)
        if (error) throw error
        return existing
      },
      setAdminComment: async (id: number, text: string) => void written.push([id, text]),
    }
    const comments = createAdminComments({
      store: { find: async () => [measured] },
      slurm: { jobs },
      clock,
      log: silentLog,
    })
    return { written, asked, comments }
  }

  it('is written a minute after the end, in the form that the release keeps', async () => {
    const { written, comments } = slurmOf('24.11.5', undefined)
    comments.want(measured)
    await comments.write()
    expect(written).toEqual([])
    await clock.advance(60_000)
    await comments.write()
    await comments.write()
    expect(written).toEqual([[812, jobstatsComment(viewJob(measured))]])
    const old = slurmOf('22.05.8', 'navarch: running')
    old.comments.want(measured)
    await clock.advance(60_000)
    await old.comments.write()
    expect(old.written).toEqual([[812, sentenceComment(viewJob(measured))]])
  })

  it("never replaces somebody else's", async () => {
    expect(['JS1:abc', 'see ticket 7', 'Navarch: x'].map(mayReplace)).toEqual([false, false, false])
    const { written, comments } = slurmOf('24.11.5', 'see ticket 7')
    comments.want(measured)
    await clock.advance(60_000)
    await comments.write()
    expect(written).toEqual([])
  })

  it('is tried again while accounting does not answer, and not where there is none', async () => {
    for (const [code, tries] of [
      ['unreachable', 5],
      ['refused', 1],
    ] as const) {
      const { asked, comments } = slurmOf('24.11.5', undefined, new SlurmError(code, 'no'))
      comments.want(measured)
      for (let minute = 0; minute < 60; minute++) {
        await clock.advance(60_000)
        await comments.write()
      }
      expect(asked, code).toHaveLength(tries)
    }
  })
})
