import { createManualClock } from '@navarch/system/manual-clock'
import { expect, it } from 'vitest'
import { memoryFleet } from '../../../test/memory-fleet.ts'
import { poolSpec } from '../../../test/world.ts'
import { poolScope } from '../../history/timeline.ts'
import type { PoolView } from '../../reconcile/pool-view.ts'
import { poolHistoryOf } from './history-view.ts'

const minute = 60_000

it('a gap in a pool’s history has no numbers, and readiness is unknown where Slurm was not seen', async () => {
  const clock = createManualClock(60 * minute)
  const { fleet } = await memoryFleet(clock.now)
  const pool = { ...poolSpec(), minNodes: 0, maxNodes: 4 }
  const scope = poolScope(pool.name)
  const values = { ready: 2, busy: 1, wanted: 2, provisioning: 0, min: 0, max: 4 }
  const { ready: _ready, busy: _busy, ...unseen } = values
  await fleet.history.addTimeline([
    { scope, at: 0, spanMs: minute, values },
    { scope, at: minute, spanMs: minute, values: unseen },
    { scope, at: 50 * minute, spanMs: minute, values },
  ])
  const view: Partial<PoolView> = {
    pool,
    members: [],
    decision: { from: 0, wanted: 0, to: 0, actions: [], reason: '' },
  }
  const { points } = await poolHistoryOf(
    { fleet, clock, config: { pools: [pool] }, poolViews: async () => new Map([[pool.name, view as PoolView]]) },
    pool.name,
    1,
  )
  const nothing = { wanted: null, ready: null, busy: null, provisioning: null, min: null, max: null }
  expect(points).toMatchObject([
    { at: 0, ...values },
    { at: minute, ...unseen, ready: null, busy: null },
    { at: 2 * minute, ...nothing, pending_jobs: null, gap: true },
    { at: 50 * minute, ...values },
    { at: 60 * minute, ready: 0 },
  ])
  expect(points.map((point) => 'gap' in point)).toEqual([false, false, true, false, false])
})
