import { gpuColumns, hostColumns, type JobSample } from '@navarch/core/job/sample-columns'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { trainingSamples } from '../test/training-samples.ts'
import { downsample } from './downsample.ts'

const nan = Number.NaN
const minute = 60_000
const host = (at: number, ...values: number[]): JobSample => ({ at, host: values, gpus: [] })
const gpu = (at: number, uuid: string, ...values: number[]): JobSample => ({ at, host: [], gpus: [{ uuid, values }] })

describe('downsample', () => {
  it('takes the mean of gauges and the last of counters, at the beginning of each step', () => {
    const all = [
      host(minute, 10, 100),
      host(minute + 1, 20, 200),
      host(2 * minute - 1, 30, 600),
      host(2 * minute, 40, 7),
    ]
    expect(downsample(all, minute)).toEqual([host(minute, 30, 300), host(2 * minute, 40, 7)])
  })

  it('counts unknown values for nothing, and leaves unknown what nobody knows', () => {
    expect(downsample([host(0, 10, nan, nan), host(1, nan, 5), host(2)], minute)).toEqual([host(0, 10, 5, nan)])
  })

  it('keeps every throttle reason, and GPUs apart', () => {
    const reasons = (mask: number) => [50, nan, nan, nan, nan, mask]
    const all = [
      gpu(0, 'a', ...reasons(0x4)),
      gpu(1, 'b', ...reasons(0)),
      gpu(2, 'a', ...reasons(0x40)),
      gpu(3, 'a', ...reasons(2 ** 40)),
    ]
    expect(downsample(all, minute)[0]?.gpus).toEqual([
      { uuid: 'a', values: reasons(2 ** 40 + 0x44) },
      { uuid: 'b', values: reasons(0) },
    ])
  })

  it('makes no steps where there are no readings', () => {
    expect(downsample([host(0, 1), host(10 * minute, 2)], minute)).toHaveLength(2)
    expect(downsample([], minute)).toEqual([])
  })

  it('never goes beyond the readings, whatever they are', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 600_000 }), (seed, stepMs) => {
        const all = trainingSamples({ seed, samples: 40, gpus: 1 })
        const coarse = downsample(all, stepMs)
        expect(coarse.at(-1)?.host[0]).toBe(all.at(-1)?.host[0])
        for (const { at, host, gpus } of coarse) {
          const readings = all.filter((one) => one.at >= at && one.at < at + stepMs)
          expect(readings).not.toHaveLength(0)
          const within = (value: number | undefined, values: (number | undefined)[]) => {
            const known = values.filter((one) => one !== undefined && !Number.isNaN(one)) as number[]
            if (value === undefined || Number.isNaN(value)) return known.length === 0
            return value >= Math.min(...known) * 0.999999 && value <= Math.max(...known) * 1.000001
          }
          for (const [column] of hostColumns.entries()) {
            expect(
              within(
                host[column],
                readings.map((one) => one.host[column]),
              ),
            ).toBe(true)
          }
          for (const [column] of gpuColumns.entries()) {
            expect(
              within(
                gpus[0]?.values[column],
                readings.map((one) => one.gpus[0]?.values[column]),
              ),
            ).toBe(true)
          }
        }
      }),
      { numRuns: 30 },
    )
  })
})
