import type { JobSample } from '@navarch/core/job/sample-columns'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { trainingSamples } from '../test/training-samples.ts'
import { mergeSamples } from './merge.ts'

const sample = (at: number, ...host: number[]): JobSample => ({ at, host, gpus: [] })

describe('mergeSamples', () => {
  it('joins by time, each moment once', () => {
    const merged = mergeSamples([[sample(1, 1), sample(3, 3)], [], [sample(2, 2), sample(3, 3), sample(4, 4)]])
    expect(merged).toEqual([sample(1, 1), sample(2, 2), sample(3, 3), sample(4, 4)])
  })

  it('fills in what the first does not know of a moment, and never overwrites', () => {
    const first: JobSample = { at: 1, host: [1, Number.NaN], gpus: [{ uuid: 'a', values: [5] }] }
    const other: JobSample = {
      at: 1,
      host: [9, 2, 3],
      gpus: [
        { uuid: 'b', values: [7] },
        { uuid: 'a', values: [6, 8] },
      ],
    }
    expect(mergeSamples([[first], [other]])).toEqual([
      {
        at: 1,
        host: [1, 2, 3],
        gpus: [
          { uuid: 'a', values: [5, 8] },
          { uuid: 'b', values: [7] },
        ],
      },
    ])
  })

  it('does not care how readings are split, or how often they come', () => {
    const all = trainingSamples({ samples: 30, gpus: 2 })
    fc.assert(
      fc.property(fc.array(fc.subarray(all), { maxLength: 5 }), (parts) => {
        expect(mergeSamples([...parts, all])).toEqual(all)
      }),
    )
  })
})
