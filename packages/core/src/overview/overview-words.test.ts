import { describe, expect, test } from 'vitest'
import { type CountedNode, countFleet } from './count-fleet.ts'
import { type OverviewFacts, overviewWords, type TroubledNode } from './overview-words.ts'
import { todoOf } from './todo.ts'

const many = (count: number, node: CountedNode): CountedNode[] => Array.from({ length: count }, () => node)
const busy = { state: 'busy', gpus: 8, gpusUsed: 8 } as const
const idle = { state: 'idle', gpus: 8, gpusUsed: 0 } as const
const drained = { state: 'drained', gpus: 8, gpusUsed: 0 } as const

const trouble = (id: string, over: Partial<TroubledNode> = {}): TroubledNode => ({
  id,
  state: 'drained',
  owner: 'navarch',
  reason: 'XID 79',
  mending: false,
  ...over,
})

const say = (nodes: CountedNode[], over: Partial<OverviewFacts> = {}) =>
  overviewWords({
    counts: countFleet(nodes),
    healthy: nodes.filter(({ state }) => state === 'busy' || state === 'idle').length,
    unheard: 0,
    troubled: [],
    adding: 0,
    slurmProblem: undefined,
    todo: [],
    ...over,
  })

describe('all is well', () => {
  test('is said, with numbers', () => {
    expect(say([...many(52, busy), ...many(12, idle)])).toEqual({
      mood: 'good',
      sentence: 'Nothing to do: 64 of 64 nodes are healthy, 416 of 512 GPUs are busy.',
    })
  })

  test('with one node', () => {
    expect(say([busy]).sentence).toBe('Nothing to do: 1 of 1 node is healthy, 8 of 8 GPUs are busy.')
  })

  test('with nodes that people drained, which is as they want it', () => {
    const troubled = [trouble('gpu-3', { owner: 'person' }), trouble('gpu-4', { owner: 'person' })]
    expect(say([...many(62, busy), ...many(2, drained)], { troubled })).toEqual({
      mood: 'good',
      sentence:
        'Nothing to do: 62 of 64 nodes are in service, 496 of 512 GPUs are busy; gpu-3 and gpu-4 are drained by people.',
    })
  })

  test('with a drained node that its agent calls healthy', () => {
    const troubled = [trouble('gpu-3', { owner: 'person' })]
    expect(say([busy, drained], { troubled, healthy: 2 }).sentence).toBe(
      'Nothing to do: 1 of 2 nodes is in service, 8 of 16 GPUs are busy; gpu-3 is drained by people.',
    )
  })

  test('with nodes that are being added', () => {
    const coming = { state: 'powering', gpus: 8 } as const
    expect(say([...many(4, busy), coming], { adding: 1 }).sentence).toBe(
      'Nothing to do: 4 of 4 nodes are healthy, 32 of 40 GPUs are busy; 1 more node is on the way.',
    )
  })

  test('with nodes that have no agent', () => {
    expect(say(many(3, idle), { healthy: 1, unheard: 2 }).sentence).toBe(
      'Nothing to do: 3 of 3 nodes are in service (2 without word from an agent), 0 of 24 GPUs are busy.',
    )
  })

  test('with one GPU of several that is busy', () => {
    const mixed = { state: 'mixed', gpus: 8, gpusUsed: 1 } as const
    expect(say([mixed, { ...mixed, gpusUsed: 0 }]).sentence).toBe(
      'Nothing to do: 2 of 2 nodes are in service, 1 of 16 GPUs is busy.',
    )
  })

  test('with no nodes at all it says where they come from', () => {
    expect(say([])).toEqual({
      mood: 'good',
      sentence: 'No nodes yet: they come with a pool in navarch-config.yaml, or with an agent on a host.',
    })
  })
})

describe('what mends itself', () => {
  const minute = 60_000
  test('is said with how many come back, and when', () => {
    const troubled = [
      trouble('gpu-3', { mending: true, backInMs: 20 * minute }),
      trouble('gpu-4', { mending: true, backInMs: 50 * minute, state: 'draining' }),
    ]
    expect(say([...many(62, busy), ...many(2, drained)], { troubled })).toEqual({
      mood: 'mending',
      sentence: '2 of 64 nodes are drained by Navarch; both come back without you, the next in about 20 min.',
    })
  })

  test('one node', () => {
    const troubled = [trouble('gpu-3', { mending: true, backInMs: 40_000, state: 'powering' })]
    expect(say([busy, drained], { troubled }).sentence).toBe(
      '1 of 2 nodes is being replaced by Navarch; it comes back without you in about 40 s.',
    )
  })

  test('without a guess where nobody can tell', () => {
    const states = ['powering', 'drained', 'draining'] as const
    const troubled = states.map((state) => trouble(`gpu-${state}`, { mending: true, state }))
    expect(say(many(9, busy), { troubled }).sentence).toBe(
      "3 of 9 nodes are in Navarch's hands; all 3 come back without you.",
    )
  })
})

describe('what a person must do', () => {
  const facts = { toApprove: [], slurmProblem: undefined, troubled: [], faulty: [], pools: [], alerts: [] }
  test('comes first, and what mends itself after it', () => {
    const troubled = [
      trouble('gpu-3', { state: 'down', owner: 'slurm', reason: 'Not responding' }),
      trouble('gpu-9', { mending: true }),
    ]
    const todo = todoOf({ ...facts, troubled })
    expect(todo).toEqual([
      {
        text: 'gpu-3 is down (Not responding), and nothing is at it',
        link: '/nodes/gpu-3',
        operation: '',
        alert: '',
      },
    ])
    expect(say(many(64, busy), { troubled, todo })).toEqual({
      mood: 'act',
      sentence:
        'Needs a person: gpu-3 is down (Not responding), and nothing is at it. Besides, 1 of 64 nodes is drained by Navarch; it comes back without you.',
    })
  })

  test('what waits for approval is the most urgent', () => {
    const operation = { id: 'op7', kind: 'replace', node: 'gpu-3', pool: 'train', reason: 'XID 79' }
    const todo = todoOf({
      ...facts,
      toApprove: [operation],
      slurmProblem: 'Slurm cannot be read: refused',
      pools: [{ pool: 'train', message: 'no key' }],
      faulty: [{ id: 'gpu-8', reason: 'XID 48' }],
    })
    expect(todo.map(({ text, link, operation }) => [text, link, operation])).toEqual([
      ['approve or reject replace gpu-3 (XID 79)', '/operations/op7', 'op7'],
      ['Slurm cannot be read: refused', '/slurm', ''],
      ['gpu-8 is faulty (XID 48) and still in service: drain it', '/nodes/gpu-8', ''],
      ['pool train: no key', '/pools/train', ''],
    ])
    expect(say(many(2, busy), { todo }).sentence).toBe(
      'Needs a person: approve or reject replace gpu-3 (XID 79); 3 more things below.',
    )
  })

  test('proposals for one cause are one thing to decide', () => {
    const proposal = (n: number) => ({
      id: `op${n}`,
      kind: 'provision',
      node: `gpu-${n}`,
      pool: 'lab',
      reason: '2 jobs wait',
    })
    const todo = todoOf({ ...facts, toApprove: [proposal(1), proposal(2)] })
    expect(todo).toMatchObject([
      {
        text: 'approve or reject provision of 2 nodes in lab (2 jobs wait)',
        link: '/operations?state=waiting_for_approval',
        operation: 'op1',
      },
    ])
  })

  test('nodes with the same trouble are one thing', () => {
    const troubled = [1, 2, 3, 4].map((n) => trouble(`gpu-${n}`, { reason: 'XID 48' }))
    expect(todoOf({ ...facts, troubled }).map(({ text, link }) => [text, link])).toEqual([
      [
        '4 nodes (gpu-1, gpu-2 and 2 more) are drained by Navarch for "XID 48": repair them, then return them',
        '/nodes?q=node%3Agpu-1%2Cgpu-2%2Cgpu-3%2Cgpu-4',
      ],
    ])
  })

  test('what people drained and what mends itself is nothing to do', () => {
    const troubled = [
      trouble('a', { owner: 'person' }),
      trouble('b', { mending: true }),
      trouble('c', { state: 'down', owner: 'person' }),
    ]
    expect(todoOf({ ...facts, troubled })).toEqual([])
  })
})

describe('when Slurm is not seen', () => {
  test('it says what is not known, and what still is', () => {
    const slurmProblem = 'Slurm was last seen 5 min ago: slurmctld does not answer'
    expect(say(many(64, { state: 'unknown', gpus: 8 }), { slurmProblem, healthy: 62 })).toEqual({
      mood: 'unknown',
      sentence:
        'Slurm was last seen 5 min ago: slurmctld does not answer. What runs and what waits is not known. The agents of 62 of 64 nodes say that all is well.',
    })
  })

  test('nodes that nobody hears of are told', () => {
    expect(say([...many(3, busy), { state: 'unknown', gpus: 8 }])).toEqual({
      mood: 'unknown',
      sentence: '1 of 4 nodes is not heard of.',
    })
  })
})
