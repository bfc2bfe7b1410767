import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AutoscalerAnswer } from './autoscalers.ts'
import { decideSize, type SizeInput } from './decide-size.ts'
import type { PoolMember } from './members.ts'

const minute = 60_000
const wants = (wanted: number | undefined): AutoscalerAnswer => ({
  type: 'queue',
  wanted,
  reason: 'because',
  parts: [],
})
const member = (id: string, over: Partial<PoolMember> = {}): PoolMember => ({
  id,
  service: 'in',
  activity: 'idle',
  inOperation: false,
  status: 'active',
  ours: true,
  ...over,
})
const idle = (count: number) =>
  Array.from({ length: count }, (_, index) => member(`n${index + 1}`, { idleSince: index }))
const decide = (over: Partial<SizeInput>) =>
  decideSize({
    spec: { minNodes: 2, maxNodes: 8, cooldownMs: 10 * minute },
    memory: {},
    members: [],
    demandedNames: [],
    now: 100 * minute,
    ...over,
  })

describe('growing', () => {
  test('the pool grows to what is wanted, and says so as the document does', () => {
    expect(
      decide({ members: idle(4), answer: { ...wants(8), reason: 'pending jobs 8 > 4 nodes * 1 jobs_per_node' } }),
    ).toEqual({
      from: 4,
      wanted: 8,
      to: 8,
      actions: [{ kind: 'provision', count: 4, names: [] }],
      reason: 'pending jobs 8 > 4 nodes * 1 jobs_per_node',
    })
  })

  test('never beyond its maximum', () => {
    expect(decide({ members: idle(4), answer: wants(24) })).toMatchObject({
      wanted: 8,
      to: 8,
      blocked: 'at-max',
      blockedReason: 'max_nodes is 8, and 4 nodes exist',
    })
  })

  test('nodes that are being made count', () => {
    const members = [...idle(4), member('n5', { service: 'coming', inOperation: true, activity: 'unknown' })]
    expect(decide({ members, answer: wants(5) }).actions).toEqual([])
  })

  test('nodes out of service serve no demand but count towards the maximum', () => {
    const out = (id: string) => member(id, { service: 'out', status: 'unhealthy', activity: 'busy' })
    const members = [...idle(4), out('x1'), out('x2')]
    expect(decide({ members, answer: wants(8) })).toMatchObject({ from: 4, to: 6, blocked: 'at-max' })
  })

  test('not within the cooldown after it grew; having shrunk does not matter', () => {
    const input = { members: idle(4), answer: wants(8), now: 10 * minute }
    expect(decide({ ...input, memory: { lastScaleUpAt: 4 * minute } })).toMatchObject({
      actions: [],
      to: 4,
      blocked: 'cooldown',
      blockedReason: 'cooldown: 4m left',
    })
    expect(decide({ ...input, memory: { lastScaleDownAt: 9 * minute } })).toMatchObject({ to: 8 })
    expect(decide({ ...input, memory: { lastScaleUpAt: 0 } })).toMatchObject({ to: 8 })
  })

  test.each([
    [5_883, 'cooldown: 5s left'],
    [9_999, 'cooldown: 1s left'],
    [1_000, 'cooldown: 9s left'],
  ])('what is left of the cooldown is told in whole seconds: %i ms after', (sinceMs, blockedReason) => {
    const spec = { minNodes: 2, maxNodes: 8, cooldownMs: 10_000 }
    const memory = { lastScaleUpAt: 100 * minute - sinceMs }
    expect(decide({ spec, memory, members: idle(4), answer: wants(8) })).toMatchObject({ blockedReason })
  })

  test('below the minimum nodes are added in spite of the cooldown, but no more', () => {
    const memory = { lastScaleUpAt: 100 * minute }
    expect(decide({ members: idle(1), answer: wants(6), memory })).toMatchObject({
      from: 1,
      to: 2,
      reason: 'below minimum: 1 < 2',
      blocked: 'cooldown',
    })
  })

  test('a pool that starts with work to do gives the work as its reason', () => {
    expect(decide({ answer: wants(6) })).toMatchObject({ from: 0, to: 6, reason: 'because' })
  })

  test('an empty pool is filled to its minimum even when the queue cannot be told', () => {
    expect(decide({ answer: wants(undefined) })).toMatchObject({ to: 2, reason: 'below minimum: 0 < 2' })
  })

  test('names that jobs wait for come first', () => {
    expect(decide({ members: idle(2), answer: wants(5), demandedNames: ['c7', 'n1'] }).actions).toEqual([
      { kind: 'provision', count: 3, names: ['c7'] },
    ])
  })

  test('such names are provided although other nodes are idle, and in spite of the cooldown', () => {
    const input = { members: idle(4), answer: wants(4), demandedNames: ['c7'], memory: { lastScaleUpAt: 100 * minute } }
    expect(decide(input)).toMatchObject({ to: 5, actions: [{ kind: 'provision', count: 1, names: ['c7'] }] })
  })
})

describe('shrinking', () => {
  test('the longest idle nodes go', () => {
    expect(decide({ members: idle(4), answer: wants(0) })).toMatchObject({
      wanted: 2,
      to: 2,
      actions: [{ kind: 'scale-down', nodes: ['n1', 'n2'] }],
    })
  })

  test('cordoned nodes go first, then faulty ones', () => {
    const members = [
      ...idle(4),
      member('faulty', { service: 'out', status: 'unhealthy' }),
      member('cordoned', { service: 'out', status: 'cordoned' }),
    ]
    expect(decide({ members, answer: wants(2) }).actions).toEqual([
      { kind: 'scale-down', nodes: ['cordoned', 'faulty'] },
    ])
    expect(decide({ members, answer: wants(4) }).actions).toEqual([])
  })

  test.each(['busy', 'held', 'unknown'] as const)('a node whose activity is %s is never given up', (activity) => {
    const members = ['n1', 'n2', 'n3', 'n4'].map((id) => member(id, { activity }))
    expect(decide({ members, answer: wants(2) })).toMatchObject({ actions: [], to: 4, blocked: 'no-idle-node' })
  })

  test('a host that registered by itself is never given up', () => {
    const members = idle(4).map((one) => ({ ...one, ours: false }))
    expect(decide({ members, answer: wants(2) })).toMatchObject({ actions: [], to: 4, blocked: 'no-idle-node' })
  })

  test('a node that an operation works on is left to it', () => {
    const members = [member('n1', { inOperation: true }), ...idle(4).slice(1)]
    expect(decide({ members, answer: wants(3) }).actions).toEqual([{ kind: 'scale-down', nodes: ['n2'] }])
  })

  test('nodes that are not there yet replace none that is', () => {
    const coming = (id: string) => member(id, { service: 'coming', inOperation: true, activity: 'unknown' })
    const members = [...idle(2), coming('n3'), coming('n4')]
    expect(decide({ members, answer: wants(2) })).toMatchObject({ actions: [], blocked: 'no-idle-node' })
  })

  test('not within the cooldown after it shrank; having grown does not matter', () => {
    const input = { members: idle(4), answer: wants(2), now: 10 * minute }
    expect(decide({ ...input, memory: { lastScaleDownAt: minute } })).toMatchObject({ to: 4, blocked: 'cooldown' })
    expect(decide({ ...input, memory: { lastScaleUpAt: 9 * minute } })).toMatchObject({ to: 2 })
  })

  test('not when the queue cannot be told', () => {
    expect(decide({ members: idle(4), answer: wants(undefined) })).toMatchObject({
      wanted: 4,
      actions: [],
      reason: 'because',
      blocked: 'cannot-tell',
    })
  })
})

test('an operator’s size goes before the autoscaler’s and knows no cooldown, but knows the limits', () => {
  const memory = { manualSize: 5, lastScaleUpAt: 100 * minute }
  expect(decide({ members: idle(2), answer: wants(8), memory })).toMatchObject({
    to: 5,
    reason: 'an operator asked for 5',
  })
  expect(decide({ members: idle(2), memory: { manualSize: 99 } })).toMatchObject({ to: 8, blocked: 'at-max' })
})

test('a pool without an autoscaler keeps its minimum', () => {
  expect(decide({ members: idle(1) })).toMatchObject({ to: 2 })
  expect(decide({ members: idle(4) })).toMatchObject({ to: 2, reason: 'no autoscaler: the pool keeps min_nodes' })
  expect(decide({ members: idle(2), demandedNames: ['c1'] }).actions).toEqual([])
})

const anyMember = fc.record({
  service: fc.constantFrom('in', 'coming', 'out', 'leaving'),
  activity: fc.constantFrom('idle', 'busy', 'held', 'unknown'),
  inOperation: fc.boolean(),
  status: fc.constantFrom('active', 'cordoned', 'drained', 'unhealthy'),
})
const anyTime = fc.option(fc.integer({ min: 0, max: 200 }), { nil: undefined })
const anyInput = fc
  .record({
    members: fc.array(anyMember, { maxLength: 12 }),
    wanted: fc.option(fc.integer({ min: 0, max: 30 }), { nil: undefined }),
    manualSize: fc.option(fc.integer({ min: 0, max: 30 }), { nil: undefined }),
    minNodes: fc.integer({ min: 0, max: 5 }),
    more: fc.integer({ min: 0, max: 10 }),
    up: anyTime,
    down: anyTime,
    names: fc.array(fc.constantFrom('n0', 'n1', 'c1', 'c2', 'c3')),
  })
  .map(
    ({ members, wanted, manualSize, minNodes, more, up, down, names }): SizeInput => ({
      spec: { minNodes, maxNodes: minNodes + more, cooldownMs: 50 },
      memory: {
        ...(manualSize !== undefined && { manualSize }),
        ...(up !== undefined && { lastScaleUpAt: up }),
        ...(down !== undefined && { lastScaleDownAt: down }),
      },
      members: members.map((one, index) => member(`n${index}`, one)),
      answer: wants(wanted),
      demandedNames: names,
      now: 200,
    }),
  )

test('property: limits hold, no busy, held or unknown node is given up, and the same input decides the same', () => {
  fc.assert(
    fc.property(anyInput, (input) => {
      const decision = decideSize(input)
      const { minNodes, maxNodes } = input.spec
      const serving = input.members.filter((one) => one.service === 'in').length
      expect(decision.wanted).toBeGreaterThanOrEqual(minNodes)
      expect(decision.wanted).toBeLessThanOrEqual(maxNodes)
      for (const action of decision.actions) {
        if (action.kind === 'provision') {
          expect(action.count).toBeGreaterThan(0)
          expect(input.members.length + action.count).toBeLessThanOrEqual(maxNodes)
          expect(action.names.length).toBeLessThanOrEqual(action.count)
          for (const name of action.names) expect(input.members.map((one) => one.id)).not.toContain(name)
          continue
        }
        const victims = input.members.filter((one) => action.nodes.includes(one.id))
        expect(new Set(action.nodes).size).toBe(action.nodes.length)
        for (const victim of victims) expect(victim).toMatchObject({ activity: 'idle', inOperation: false })
        const lost = victims.filter((one) => one.service === 'in').length
        if (lost > 0) expect(serving - lost).toBeGreaterThanOrEqual(Math.max(minNodes, decision.wanted))
      }
      expect(decision.actions.length).toBeLessThanOrEqual(1)
      expect(decideSize(input)).toEqual(decision)
    }),
    { numRuns: 500 },
  )
})

test('property: doing what was decided, again and again, reaches the size that is wanted and stays there', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 20 }), (start, wanted) => {
      let members = idle(start)
      const step = () => decide({ members, answer: wants(wanted) })
      for (let turn = 0; turn < 3; turn++) {
        for (const action of step().actions) {
          if (action.kind === 'scale-down') members = members.filter((one) => !action.nodes.includes(one.id))
          else for (let n = 0; n < action.count; n++) members = [...members, member(`new-${turn}-${n}`)]
        }
      }
      expect(members).toHaveLength(Math.min(8, Math.max(2, wanted)))
      expect(step().actions).toEqual([])
    }),
  )
})
