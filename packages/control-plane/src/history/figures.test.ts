import type { PoolMember } from '@navarch/core/size/members'
import { describe, expect, it } from 'vitest'
import { poolSpec } from '../../test/world.ts'
import type { PoolView } from '../reconcile/pool-view.ts'
import { fleetFigures, poolFigures } from './figures.ts'

const member = (service: PoolMember['service'], activity: PoolMember['activity']): PoolMember => ({
  ...{ id: 'n', service, activity, inOperation: false, status: 'active', ours: true },
})

function view(change: Partial<PoolView> = {}): PoolView {
  return {
    pool: { ...poolSpec(), minNodes: 1, maxNodes: 9 },
    partition: undefined,
    slurmProblem: undefined,
    members: [member('in', 'busy'), member('in', 'idle'), member('coming', 'unknown'), member('out', 'idle')],
    demand: undefined,
    answer: undefined,
    decision: { from: 2, wanted: 3, to: 3, actions: [], reason: '' },
    names: undefined,
    records: undefined,
    dataAgeMs: undefined,
    ...change,
  }
}

describe('the figures of a pool', () => {
  it('are its numbers as operators see them', () => {
    expect(poolFigures(view())).toEqual({ wanted: 3, ready: 2, busy: 1, provisioning: 1, min: 1, max: 9 })
  })

  it('say nothing of what serves and what is busy while Slurm is not seen', () => {
    expect(poolFigures(view({ slurmProblem: 'Slurm was last seen 300 s ago' }))).toEqual({
      ...{ wanted: 3, provisioning: 1, min: 1, max: 9 },
    })
  })
})

it('the figures of the fleet say nothing of GPUs and jobs while Slurm is not seen', () => {
  expect(fleetFigures([], { state: 'stale', snapshot: undefined, problem: 'away' })).toEqual({})
  expect(fleetFigures([], { state: 'absent', snapshot: undefined, problem: undefined })).toEqual({
    ...{ gpus_busy: 0, gpus_idle: 0, gpus_broken: 0, gpus_coming: 0 },
  })
})
