import type { AlertHistoryJson, AlertJson } from '@navarch/api/alerts'
import { suites } from '@navarch/lab/roots'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type JobsOnSlurm, startJobsOnSlurm } from './lab/jobs-on-slurm.ts'
import { rootOrReason } from './lab/pool-on-slurm.ts'
import { until } from './lab/until.ts'

const rules = `
alerts:
  interval: 1s
  rules:
    - {name: GpusHeldIdle, for: 1s}
`

/** GPUs are idle when they were so for ten minutes: it takes that long. */
const isLong = process.env['NAVARCH_TEST_LONG'] === '1'
const candidates = isLong ? await Promise.all(suites.map((suite) => rootOrReason(suite))) : []
const { root, reason = 'it takes 12 minutes: set NAVARCH_TEST_LONG=1' } =
  candidates.find((one) => one.root) ?? candidates[0] ?? {}

describe.skipIf(!root)(`GPUs that a job holds and does not use${root ? '' : ` (skipped: ${reason})`}`, () => {
  let world: JobsOnSlurm
  beforeAll(async () => {
    if (!root) return
    world = await startJobsOnSlurm({ root, nodes: 1, config: rules })
    const idle = async () => (await world.slurm('sinfo', '-h', '-t', 'idle', '-o', '%D')) === '1'
    await until('the node is idle', idle, 60_000)
  }, 600_000)
  afterAll(() => world?.end(), 120_000)

  test('GpusHeldIdle fires for a job at 0 %, not for one at work, and is over with it', {
    timeout: 900_000,
  }, async () => {
    const firing = async () => {
      const alerts = await world.get<AlertJson[]>('/api/v1/alerts?rule=GpusHeldIdle&state=firing')
      return alerts.map(({ labels }) => labels['job'])
    }
    const works = await world.submit('sleep 1800', '--gres=gpu:1')
    await until('it runs', async () => (await world.job(works))?.state === 'running', 60_000)
    const details = await world.slurm('scontrol', 'show', 'job', '-d', String(works))
    const gpu = /GRES=gpu(?::\w+)*:1\(IDX:(\d)\)/.exec(details)?.[1]
    await world.on('n1', `echo "${gpu} utilization.gpu 90" > /run/navarch-fake-gpus`)
    const idles = await world.submit('sleep 1800', '--gres=gpu:1')
    await expect.poll(firing, { timeout: 840_000, interval: 2_000 }).toEqual([String(idles)])
    await world.slurm('scancel', String(idles))
    await expect.poll(firing, { timeout: 150_000, interval: 1_000 }).toEqual([])
    const events = await world.get<AlertHistoryJson[]>('/api/v1/alert-history?rule=GpusHeldIdle')
    expect(events.map(({ event }) => event)).toEqual(['resolved', 'fired'])
  })
})
