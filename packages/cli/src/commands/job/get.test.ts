import { describe, expect, it } from 'vitest'
import { job, runningReport } from '../../../test/job-fixtures.ts'
import { statusAtEnd } from './get.ts'

/** What a follower answers when it sees these states, each at its second. */
function statuses(seen: readonly (readonly [atSeconds: number, Parameters<typeof job>[1]])[]) {
  let now = 0
  const status = statusAtEnd(() => now)
  return seen.map(([at, state]) => {
    now = at * 1000
    return status({ ...runningReport('812'), job: job('812', state) })
  })
}

describe('following a job to its end', () => {
  it('goes on while it waits and runs', () => {
    expect(
      statuses([
        [0, { state: 'pending' }],
        [900, { state: 'running' }],
      ]),
    ).toEqual([undefined, undefined])
  })

  it("takes Slurm's word over the exit status of its script", () => {
    const ended = { state: 'completed', confirmed: false } as const
    expect(
      statuses([
        [0, ended],
        [2, ended],
        [4, { state: 'failed', confirmed: true }],
      ]),
    ).toEqual([undefined, undefined, 1])
    expect(
      statuses([
        [0, ended],
        [2, { state: 'completed', confirmed: true }],
      ]),
    ).toEqual([undefined, 0])
  })

  it('does not wait for a Slurm that says nothing', () => {
    expect(
      statuses([
        [0, { state: 'completed' }],
        [29, { state: 'completed' }],
        [30, { state: 'completed' }],
      ]),
    ).toEqual([undefined, undefined, 0])
    expect(
      statuses([
        [0, { state: 'cancelled' }],
        [30, { state: 'cancelled' }],
      ]),
    ).toEqual([undefined, 1])
  })
})
