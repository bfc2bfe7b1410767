import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryFleet, nodeDocument } from '../../test/memory-fleet.ts'
import type { TimelinePoint } from '../store/store.ts'
import { downsamplePoints } from './downsample-points.ts'
import { createGpuRings } from './gpu-rings.ts'
import { createRecorder } from './recorder.ts'
import { createStateTurns } from './state-turns.ts'
import { readTimeline, thinTimeline } from './timeline.ts'

const minute = 60_000
const point = (at: number, values: Record<string, number>): TimelinePoint => ({ at, spanMs: minute, values })

describe('downsampling', () => {
  it('keeps a peak of one minute in a month', () => {
    const points = Array.from({ length: 43_200 }, (_, index) =>
      point(index * minute, { busy: index === 12_345 ? 99 : 5 }),
    )
    const drawn = downsamplePoints(points, 1500)
    expect(drawn.length).toBeLessThanOrEqual(1500)
    expect(Math.max(...drawn.map(({ values }) => values['busy'] ?? 0))).toBe(99)
  })

  it('leaves few points as they are', () => {
    const points = [point(0, { a: 1 }), point(minute, {})]
    expect(downsamplePoints(points, 10)).toEqual(points)
  })

  it('property: never more than asked for, in order, with every figure’s extremes', () => {
    const values = fc.record({ a: fc.integer(), b: fc.integer() }, { requiredKeys: [] })
    const anyPoints = fc.array(fc.tuple(fc.integer({ min: 1, max: 500 }), values), { maxLength: 200 }).map((steps) => {
      let at = 0
      return steps.map(([step, figures]): TimelinePoint => {
        at += step * minute
        return point(at, figures as Record<string, number>)
      })
    })
    fc.assert(
      fc.property(anyPoints, fc.integer({ min: 4, max: 50 }), (points, most) => {
        const drawn = downsamplePoints(points, most)
        expect(drawn.length).toBeLessThanOrEqual(most + 2)
        expect(drawn.map(({ at }) => at)).toEqual(drawn.map(({ at }) => at).toSorted((a, b) => a - b))
        for (const name of ['a', 'b']) {
          const of = (list: readonly TimelinePoint[]) => list.flatMap((each) => each.values[name] ?? [])
          if (of(points).length === 0) expect(of(drawn)).toEqual([])
          else {
            expect(Math.max(...of(drawn))).toBe(Math.max(...of(points)))
            expect(Math.min(...of(drawn))).toBe(Math.min(...of(points)))
          }
        }
      }),
    )
  })
})

describe('the timeline', () => {
  it('is recorded each minute, by the minute, and told without what was not known', async () => {
    const { fleet } = await memoryFleet(() => 0)
    let now = 10 * minute + 17_000
    const record = createRecorder({
      store: fleet.history,
      figures: async () => ({ fleet: { gpus_busy: now / minute }, pools: new Map([['train', { ready: 4 }]]) }),
      onRound: () => {},
      now: () => now,
    })
    await record()
    now += minute
    await record()
    const points = await fleet.history.timeline('fleet', 0, now)
    expect(points.map(({ at }) => at)).toEqual([10 * minute, 11 * minute])
    expect(await fleet.history.timeline('pool/train', 0, now)).toHaveLength(2)
  })

  it('shows a time in which nobody recorded as a gap', async () => {
    const { fleet } = await memoryFleet(() => 0)
    await fleet.history.addTimeline([0, 1, 30, 31].map((at) => ({ scope: 'fleet', ...point(at * minute, { a: at }) })))
    const points = await readTimeline(fleet.history, 'fleet', 1, 60 * minute)
    expect(points.map(({ at, values }) => [at / minute, values])).toEqual([
      [0, { a: 0 }],
      [1, { a: 1 }],
      [2, {}],
      [30, { a: 30 }],
      [31, { a: 31 }],
    ])
  })

  it('becomes coarser with age, keeps its peaks, and goes at last', async () => {
    const { fleet } = await memoryFleet(() => 0)
    const store = fleet.history
    const policy = { fineMs: 60 * minute, coarseMs: 20 * minute, keepMs: 1000 * minute }
    await store.addTimeline(
      Array.from({ length: 120 }, (_, at) => ({ scope: 'fleet', ...point(at * minute, { a: at === 33 ? 99 : 1 }) })),
    )
    await thinTimeline(store, 120 * minute, policy)
    const points = await store.timeline('fleet', 0, 120 * minute)
    expect(points).toHaveLength(6 + 60)
    expect(points.slice(0, 6).map(({ at, spanMs, values }) => [at / minute, spanMs / minute, values['a']])).toEqual([
      [0, 10, 1],
      [10, 10, 1],
      [20, 10, 1],
      [30, 10, 99],
      [40, 10, 1],
      [50, 10, 1],
    ])
    await thinTimeline(store, 120 * minute, policy)
    expect(await store.timeline('fleet', 0, 120 * minute)).toEqual(points)
    await thinTimeline(store, 1050 * minute, policy)
    const left = await store.timeline('fleet', 0, 2000 * minute)
    expect(left[0]?.at).toBeGreaterThanOrEqual(50 * minute)
  })
})

describe('the last hour of a GPU', () => {
  const gpus = [{ index: 0, uuid: 'GPU-0', name: '', pciBusId: '' }]
  const node = (now: number, utilizationPercent: number | undefined, uuid = 'GPU-0') => ({
    ...nodeDocument('n1'),
    gpus: gpus.map((gpu) => ({ ...gpu, uuid })),
    samples: [{ index: 0, uuid, ...(utilizationPercent !== undefined && { utilizationPercent }) }],
    sampledAt: now,
  })

  it('has a value a minute, oldest first, and null where nothing was known', () => {
    const rings = createGpuRings(90_000)
    rings.record([node(0, 10)], 0)
    rings.record([node(minute, 20)], minute)
    rings.record([node(4 * minute, undefined)], 4 * minute)
    rings.record([node(5 * minute, 50)], 5 * minute)
    const hour = rings.hourOf('n1', 'GPU-0')
    expect(hour?.utilization.slice(-6)).toEqual([10, 20, null, null, null, 50])
    expect(hour?.utilization.slice(0, 54).every((value) => value === null)).toBe(true)
    expect(hour?.from).toBe((5 - 59) * minute)
    expect(hour?.temperature.every((value) => value === null)).toBe(true)
  })

  it('forgets what is older than an hour', () => {
    const rings = createGpuRings(90_000)
    for (let at = 0; at < 100; at++) rings.record([node(at * minute, at % 100)], at * minute)
    expect(rings.hourOf('n1', 'GPU-0')?.utilization).toEqual(Array.from({ length: 60 }, (_, index) => 40 + index))
  })

  it('takes an old reading for none, and another GPU for another', () => {
    const rings = createGpuRings(90_000)
    rings.record([node(0, 10)], 2 * minute)
    expect(rings.hourOf('n1', 'GPU-0')?.utilization.at(-1)).toBeNull()
    rings.record([node(3 * minute, 30, 'GPU-9')], 3 * minute)
    expect(rings.hourOf('n1', 'GPU-0')).toBeUndefined()
    expect(rings.hourOf('n1', 'GPU-9')?.utilization.at(-1)).toBe(30)
    rings.record([], 4 * minute)
    expect(rings.hourOf('n1', 'GPU-9')).toBeUndefined()
  })
})

it('a node’s changes of state are kept, the newest of them, and each once', () => {
  const turns = createStateTurns()
  turns.record('a', 'idle', 1)
  turns.record('a', 'idle', 2)
  turns.record('a', 'busy', 3)
  turns.forget('a', 4)
  turns.forget('b', 4)
  expect(turns.of('a')).toEqual([
    { at: 1, state: 'idle' },
    { at: 3, state: 'busy' },
    { at: 4, state: '' },
  ])
  expect(turns.of('b')).toEqual([])
  for (let at = 5; at < 500; at++) turns.record('a', at % 2 ? 'idle' : 'busy', at)
  expect(turns.of('a')).toHaveLength(96)
})

describe('the changes of a node that is gone', () => {
  const day = 24 * 60 * minute

  it('are there for its successor of the same name', () => {
    const turns = createStateTurns()
    turns.record('a', 'idle', 0)
    turns.forget('a', day)
    turns.record('a', 'busy', 2 * day)
    turns.record('b', 'idle', 90 * day)
    expect(turns.of('a').map(({ state }) => state)).toEqual(['idle', '', 'busy'])
  })

  it('are forgotten once no page looks back so far', () => {
    const turns = createStateTurns()
    turns.record('a', 'idle', 0)
    turns.forget('a', day)
    turns.record('b', 'idle', 31 * day)
    expect(turns.of('a')).toHaveLength(2)
    turns.record('b', 'busy', 31 * day + 1)
    expect(turns.of('a')).toEqual([])
  })

  it('are forgotten, the oldest first, when names are never used again', () => {
    const turns = createStateTurns()
    for (let index = 0; index < 6_000; index++) {
      turns.record(`n${index}`, 'idle', index)
      turns.forget(`n${index}`, index)
    }
    expect(turns.of('n999')).toEqual([])
    expect(turns.of('n1000')).toHaveLength(2)
    expect(turns.of('n5999')).toHaveLength(2)
  })
})
