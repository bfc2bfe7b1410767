import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ToldEvent } from './activity-line.ts'
import { foldActivity } from './fold-activity.ts'

let seq = 0
const event = (type: string, message: string, over: Partial<ToldEvent> = {}): ToldEvent => ({
  seq: ++seq,
  at: seq * 1000,
  type,
  pool: 'train',
  node: 'gpu-1',
  operation: '',
  message,
  ...over,
})
const rackOf = (node: string) => (node.startsWith('gpu-7') ? 'r7' : '')
const texts = (...events: ToldEvent[]) => foldActivity(events, rackOf).map(({ text }) => text)

describe('one event', () => {
  test.each([
    [
      'finding',
      'XID 79: GPU has fallen off the bus',
      'fault',
      'critical',
      'XID 79: GPU has fallen off the bus on gpu-1',
    ],
    ['finding', 'XID 13: Graphics Engine Exception', 'fault', 'warning', 'XID 13: Graphics Engine Exception on gpu-1'],
    ['node-status', 'draining: XID 79', 'drain', 'warning', 'gpu-1 was drained for XID 79'],
    ['node-status', 'cordoned: new fan', 'drain', 'info', 'gpu-1 was cordoned: new fan'],
    ['node-status', 'active', 'return', 'info', 'gpu-1 came into service'],
    [
      'node-status',
      'unhealthy after replace failed',
      'fault',
      'critical',
      'gpu-1 was left faulty (after replace failed)',
    ],
    ['node-health', 'unknown: no heartbeat for 1m30s', 'fault', 'warning', 'gpu-1 fell silent: no heartbeat for 1m30s'],
    ['operation', 'replace started: XID 79', 'replacement', 'info', 'replacement of gpu-1 began: XID 79'],
    ['operation', 'drain started: new fan', 'person', 'info', 'drain of gpu-1 asked for: new fan'],
    ['operation', 'retried by an operator', 'person', 'info', 'gpu-1: retried by an operator'],
    ['alert', 'GpuFellOffBus fires: gpu-1 GPU 3', 'alert', 'warning', 'GpuFellOffBus fires: gpu-1 GPU 3'],
    ['alert', 'GpuFellOffBus is over: gpu-1 GPU 3', 'alert', 'info', 'GpuFellOffBus is over: gpu-1 GPU 3'],
    [
      'operation',
      'replace waits for approval: XID 79',
      'replacement',
      'warning',
      'replace of gpu-1 was proposed: XID 79',
    ],
    ['observed', 'would replace: XID 79', 'other', 'info', 'Navarch only observes, and would replace: XID 79 (gpu-1)'],
    [
      'operation-step',
      'provision failed: no capacity',
      'replacement',
      'critical',
      'the operation on gpu-1 failed at its step provision: no capacity',
    ],
    [
      'pool-size',
      'scaling up from 4 to 6: 5 pending jobs',
      'scaling',
      'info',
      'train began scaling up from 4 to 6: 5 pending jobs',
    ],
    ['pool-size', 'size: an operator asked for 6', 'person', 'info', 'train: an operator asked for 6'],
  ])('%s "%s" is told', (type, message, kind, severity, text) => {
    expect(foldActivity([event(type, message)], rackOf)).toMatchObject([{ kind, severity, text, count: 1 }])
  })

  test.each([
    ['node-health', 'unhealthy: GPU is lost'],
    ['operation', 'provision started: below minimum'],
    ['operation-step', 'wait succeeded: no jobs'],
    ['node-status', 'draining: scaling down: nodes are idle'],
    ['node-registered', 'registered with 8 GPUs'],
    ['anything', 'new'],
  ])('%s "%s" says what others say already', (type, message) => {
    expect(texts(event(type, message))).toEqual([])
  })
})

describe('alike things', () => {
  const xid = (node: string, over: Partial<ToldEvent> = {}) => event('finding', 'XID 48', { node, ...over })

  test('of several nodes are one line, which names their rack', () => {
    expect(texts(xid('gpu-71'), xid('gpu-72'), xid('gpu-73'))).toEqual([
      'XID 48 on 3 nodes of rack r7 (gpu-71, gpu-72 and gpu-73)',
    ])
    expect(texts(...Array.from({ length: 9 }, (_, n) => xid(`gpu-${n}`)))).toEqual(['XID 48 on 9 nodes'])
  })

  test('are told as the past, since a count over an hour is none of now', () => {
    const nodes = Array.from({ length: 45 }, (_, n) => `gpu-${n}`)
    const told = (type: string, message: string) => texts(...nodes.map((node) => event(type, message, { node })))
    expect(told('node-status', 'active')).toEqual(['45 nodes came into service'])
    expect(told('operation', 'replace started: XID 79')).toEqual(['replacement of 45 nodes began'])
    expect(told('operation', 'provision waits for approval: a job waits')).toEqual([
      'provision of 45 nodes was proposed',
    ])
    expect(told('node-status', 'cordoned: new fan')).toEqual(['45 nodes were cordoned'])
    expect(told('node-status', 'draining: XID 79')).toEqual(['45 nodes were drained for XID 79'])
  })

  test('of one node are told with how often', () => {
    expect(texts(xid('gpu-1'), xid('gpu-1'))).toEqual(['XID 48 on gpu-1, 2 times'])
  })

  test('are told apart when they are far apart', () => {
    const lines = foldActivity([xid('gpu-1', { at: 0 }), xid('gpu-2', { at: 3_600_000 })], rackOf)
    expect(lines.map(({ text }) => text)).toEqual(['XID 48 on gpu-2', 'XID 48 on gpu-1'])
  })

  test('keep their nodes, pools, operations and their first and last time', () => {
    const [line] = foldActivity(
      [
        event('operation', 'replace started: XID 79', { at: 10, node: 'b', operation: 'op2' }),
        event('operation', 'replace started: XID 48', { at: 5, node: 'a', operation: 'op1' }),
      ],
      rackOf,
    )
    expect(line).toMatchObject({
      at: 10,
      since: 5,
      count: 2,
      nodes: ['a', 'b'],
      pools: ['train'],
      operations: ['op1', 'op2'],
      text: 'replacement of 2 nodes (a and b) began',
    })
  })
})

test('property: every event that is worth a line is in exactly one, newest first, with an id of its own', () => {
  const anyEvent = fc.record({
    type: fc.constantFrom('finding', 'node-status', 'operation', 'pool-size', 'node-registered'),
    message: fc.constantFrom('XID 48', 'active', 'draining: x', 'replace started: x', 'size: 4'),
    node: fc.constantFrom('a', 'b', 'c'),
    at: fc.nat(10_000_000),
  })
  fc.assert(
    fc.property(fc.array(anyEvent), (specs) => {
      const events = specs.map((spec, index) => event(spec.type, spec.message, { ...spec, seq: index + 1 }))
      const lines = foldActivity(events, rackOf)
      const worth = events.filter((each) => foldActivity([each], rackOf).length > 0)
      expect(lines.reduce((sum, { count }) => sum + count, 0)).toBe(worth.length)
      expect(new Set(lines.map(({ id }) => id)).size).toBe(lines.length)
      expect(lines.map(({ at }) => at)).toEqual(lines.map(({ at }) => at).toSorted((a, b) => b - a))
    }),
  )
})
