import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { after, failedView, gpu, usage, view } from '../../test/job-builders.ts'
import { type RunUsage, usageRows } from './usage-rows.ts'

const hour = { from: after(0), to: after(3600) }
const run = (over: Parameters<typeof view>[0] = {}, measured = usage()): RunUsage => ({
  view: view({ account: 'physics', partition: 'gpu', ...over }),
  usage: { 'gpu-17': measured },
})
const rowOf = (runs: RunUsage[], window = hour) => usageRows(runs, 'user', window, after(7200))[0]

describe('usage', () => {
  it('has a row by user, account or partition, the most GPU hours first', () => {
    const runs = [run({ user: 'bob', allocated: { gpus: 4 } }), run(), run()]
    expect(usageRows(runs, 'user', hour, after(7200)).map(({ name, jobs }) => [name, jobs])).toEqual([
      ['bob', 1],
      ['alice', 2],
    ])
    expect(usageRows(runs, 'account', hour, after(7200))).toMatchObject([{ name: 'physics', jobs: 3 }])
    expect(usageRows(runs, 'partition', hour, after(7200))).toMatchObject([{ name: 'gpu', jobs: 3 }])
  })

  it('tells hours had and hours used', () => {
    const measured = usage({ gpus: [gpu({ energyJoules: 3_600_000, idleSeconds: 900 })] })
    expect(rowOf([run({}, measured)])).toEqual({
      name: 'alice',
      jobs: 1,
      jobsFailed: 0,
      cpuHours: 8,
      cpuHoursUsed: 7,
      cpuHoursMeasured: 8,
      gpuHours: 1,
      gpuHoursUsed: 0.9,
      gpuHoursMeasured: 1,
      gpuHoursIdle: 0.25,
      energyKwh: 1,
    })
  })

  it('is null where nothing was measured, and says of how much it knows', () => {
    const blind: RunUsage = { ...run(), usage: {} }
    expect(rowOf([blind])).toMatchObject({
      cpuHours: 8,
      cpuHoursUsed: null,
      gpuHours: 1,
      gpuHoursUsed: null,
      gpuHoursIdle: null,
      energyKwh: null,
    })
    expect(rowOf([blind, run()])).toMatchObject({ cpuHours: 16, cpuHoursUsed: 7, cpuHoursMeasured: 8 })
  })

  it('counts a job by its share in the window', () => {
    const half = { from: after(1800), to: after(9000) }
    expect(rowOf([run()], half)).toMatchObject({ jobs: 1, cpuHours: 4, cpuHoursUsed: 3.5, gpuHours: 0.5 })
  })

  it('counts a running job until now', () => {
    const { endTime: _, ...running } = view({ state: 'running' })
    const day = { from: after(0), to: after(86_400) }
    expect(rowOf([{ view: running, usage: {} }], day)).toMatchObject({ jobs: 1, cpuHours: 16 })
  })

  it('leaves out what did not run in the window', () => {
    const { startTime: _, ...waiting } = view({ state: 'pending' })
    expect(usageRows([run()], 'user', { from: after(3600), to: after(9000) }, after(7200))).toEqual([])
    expect(rowOf([{ view: waiting, usage: {} }])).toBeUndefined()
  })

  it('counts failures and jobs of no length', () => {
    const runs = [{ view: failedView({ endTime: after(0) }), usage: {} }, run()]
    expect(rowOf(runs)).toMatchObject({ jobs: 2, jobsFailed: 1, cpuHours: 8 })
  })

  it('of two windows that meet is that of both together', () => {
    const runs = fc.array(
      fc.record({ start: fc.integer({ min: 0, max: 5000 }), length: fc.integer({ min: 1, max: 5000 }) }),
      { minLength: 1, maxLength: 5 },
    )
    fc.assert(
      fc.property(runs, fc.integer({ min: 1, max: 9999 }), (list, cut) => {
        const all = list.map(({ start, length }) => run({ startTime: after(start), endTime: after(start + length) }))
        const sum = (from: number, to: number) => rowOf(all, { from: after(from), to: after(to) })
        const parts = [sum(0, cut), sum(cut, 10_000)]
        const whole = sum(0, 10_000)
        for (const key of ['cpuHours', 'cpuHoursUsed', 'gpuHours', 'gpuHoursUsed'] as const)
          expect(parts.reduce((total, part) => total + (part?.[key] ?? 0), 0)).toBeCloseTo(whole?.[key] ?? 0, 6)
      }),
    )
  })
})
