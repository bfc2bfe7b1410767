import type { PoolJson } from '@navarch/api/rest'
import { describe, expect, it } from 'vitest'
import { answerOf, sentenceOf } from './pool-words.ts'

const pool = (name: string, ready: number, wanted: number, change: Partial<PoolJson> = {}): PoolJson => ({
  name,
  provider: 'lab',
  provider_type: 'lab',
  instance_type: '',
  region: '',
  partition: 'gpu',
  naming: 'future',
  size: { min: 1, max: 20, wanted, ready, busy: 0, provisioning: Math.max(0, wanted - ready) },
  manual_size: null,
  mode: 'act',
  autoscaler: 'queue',
  nodes: [],
  conditions: [],
  ...change,
})
const trouble = { type: 'PartitionFound', status: 'false' as const, reason: 'None', message: 'no partition', since: '' }

describe('pools in words', () => {
  it.each([
    [[], 'good', 'There are no pools.'],
    [[pool('train', 4, 4)], 'good', 'The pool has the size that it wants.'],
    [[pool('train', 4, 4), pool('dev', 2, 2)], 'good', 'All 2 pools have the size that they want.'],
    [[pool('train', 4, 6), pool('dev', 3, 2)], 'mending', 'train grows from 4 to 6; dev shrinks from 3 to 2.'],
    [[pool('train', 4, 4, { conditions: [trouble] })], 'act', 'train needs a look.'],
    [[pool('lab', 2, 4, { mode: 'recommend' })], 'todo', 'lab waits for approval to grow from 2 to 4.'],
    [
      [pool('lab', 2, 4, { mode: 'recommend' }), pool('train', 6, 4)],
      'todo',
      'lab waits for approval to grow from 2 to 4. By itself: train shrinks from 6 to 4.',
    ],
    [
      [pool('dev', 3, 3, { conditions: [trouble] }), pool('train', 6, 4), pool('lab', 2, 4, { mode: 'recommend' })],
      'act',
      'dev needs a look; lab waits for approval to grow from 2 to 4.',
    ],
    [[pool('lab', 2, 4, { mode: 'observe' })], 'good', 'lab would grow from 2 to 4.'],
  ] as const)('%#: all of them', (pools, mood, text) => {
    expect(answerOf(pools)).toEqual({ mood, text })
  })
  it.each([
    [pool('train', 4, 4), undefined, 'good', '4 nodes, as wanted.'],
    [
      pool('lab', 2, 4, { mode: 'recommend' }),
      undefined,
      'todo',
      '2 of 4 wanted nodes, 2 coming, the rest waits for approval.',
    ],
    [pool('train', 4, 6), { reason: '2 jobs wait' }, 'mending', '4 of 6 wanted nodes, 2 coming: 2 jobs wait.'],
  ] as const)('%#: one of them', (one, explanation, mood, text) => {
    expect(sentenceOf(one, explanation)).toEqual({ mood, text })
  })
})
