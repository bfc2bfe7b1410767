import type { FleetNode } from '@navarch/core/node/node'
import { SlurmError } from '@navarch/slurm/slurm-error'
import type { SnapshotView } from '@navarch/slurm/snapshot-poller'
import { createManualClock } from '@navarch/system/manual-clock'
import { describe, expect, it } from 'vitest'
import { memoryFleet, nodeDocument } from '../../../test/memory-fleet.ts'
import { snapshotOf } from '../../../test/slurm-snapshot.ts'
import { poolSpec } from '../../../test/world.ts'
import type { PoolView } from '../../reconcile/pool-view.ts'
import { createPoolViews } from './pool-views.ts'

async function open() {
  const clock = createManualClock()
  const { fleet } = await memoryFleet(clock.now)
  const made: string[] = []
  const state = { slurm: { snapshot: snapshotOf(0, []), failures: 0 } as SnapshotView, readings: 0 }
  const views = createPoolViews({
    pools: {
      view(spec) {
        made.push(spec.name)
        return { pool: spec, members: [...fleet.nodes.keys()].map((id) => ({ id })) } as PoolView
      },
      readings: () => state.readings,
    },
    specs: ['a', 'b'].map((name) => ({ ...poolSpec(), name })),
    fleet,
    slurm: { view: () => state.slurm },
    now: clock.now,
    breathe: async () => void made.push('others'),
    signal: new AbortController().signal,
  })
  const members = async () => (await views()).get('a')?.members.map(({ id }) => id)
  const put = (change: Partial<FleetNode> = {}) =>
    fleet.commit([{ kind: 'node', node: { ...nodeDocument('gpu-1'), ...change } }])
  return { clock, fleet, made, state, views, members, put }
}

describe('the views of pools', () => {
  it('are made pool by pool, and others run in between', async () => {
    const { made, views } = await open()
    expect([...(await views()).keys()]).toEqual(['a', 'b'])
    expect(made).toEqual(['a', 'others', 'b'])
  })

  it('are shared by all who ask, and used again until a newer look has come', async () => {
    const { clock, made, state, views } = await open()
    await Promise.all([views(), views()])
    await clock.advance(10_000)
    await views()
    expect(made).toHaveLength(3)
    state.slurm = { snapshot: snapshotOf(1, []), failures: 0 }
    await views()
    expect(made).toHaveLength(6)
    state.slurm = { snapshot: snapshotOf(2, []), failures: 0 }
    await clock.advance(3_000)
    await views()
    expect(made).toHaveLength(6)
  })

  it('are at most 3 s behind the fleet, without a new look', async () => {
    const { clock, members, put } = await open()
    expect(await members()).toEqual([])
    await put()
    await clock.advance(3_000)
    expect(await members()).toEqual([])
    await clock.advance(1)
    expect(await members()).toEqual(['gpu-1'])
  })

  it.each([
    ['Slurm does not answer', ({ slurm }) => (slurm.error = new SlurmError('unreachable', 'away'))],
    ['a metrics source has answered', (state) => state.readings++],
  ] satisfies [string, (state: Awaited<ReturnType<typeof open>>['state']) => void][])(
    'are made anew when %s',
    async (_, happen) => {
      const { clock, made, state, views } = await open()
      await views()
      happen(state)
      await clock.advance(3_001)
      await views()
      expect(made).toHaveLength(6)
    },
  )

  it('are not made anew for what they do not show', async () => {
    const { clock, fleet, made, views } = await open()
    await views()
    fleet.touch(nodeDocument('gpu-1'))
    await fleet.commit([{ kind: 'event', type: 'alert', message: 'GpuHot fires' }])
    await clock.advance(15_000)
    await views()
    expect(made).toHaveLength(3)
  })

  it('are made anew after a while where nothing happens', async () => {
    const { clock, made, views } = await open()
    await views()
    await clock.advance(15_001)
    await views()
    expect(made).toHaveLength(6)
  })
})
