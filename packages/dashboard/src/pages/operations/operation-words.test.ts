import type { OperationJson } from '@navarch/api/rest'
import { describe, expect, it } from 'vitest'
import { actsOf, answerOfOperation, nameOfOperation, secondsOfStep } from './operation-words.ts'

const at = Date.parse('2026-01-01T00:10:00Z')
const operation = (part: Partial<OperationJson>): OperationJson => ({
  id: 'op1',
  kind: 'replace',
  pool: 'train',
  node: 'gpu-1',
  state: 'running',
  approval: null,
  step: 'wait',
  steps: [
    {
      name: 'wait',
      state: 'running',
      started_at: '2026-01-01T00:05:00Z',
      finished_at: null,
      attempts: 1,
      message: 'job 812 still runs',
    },
  ],
  reason: 'XID 79',
  initiator: 'health',
  created_at: '2026-01-01T00:00:00Z',
  updated_at: '2026-01-01T00:02:00Z',
  ...part,
})

describe('an operation, in a sentence', () => {
  it.each([
    [{}, 'The replacement of gpu-1 is at “wait”, for 5m: job 812 still runs.', 'mending'],
    [{ state: 'succeeded' as const }, 'The replacement of gpu-1 is done; it took 2m.', 'good'],
    [{ state: 'failed' as const }, 'The replacement of gpu-1 failed at “wait”: job 812 still runs', 'act'],
    [{ state: 'waiting_for_approval' as const }, 'The replacement of gpu-1 waits for your approval: XID 79.', 'todo'],
    [
      {
        state: 'cancelled' as const,
        approval: { state: 'rejected' as const, by: 'ana', at: '', reason: 'not now' },
      },
      'The replacement of gpu-1 was cancelled. It was rejected by ana: not now.',
      'good',
    ],
  ])('%#', (part, answer, mood) => {
    expect(answerOfOperation(operation(part), at)).toEqual({ answer, mood })
  })
})

it.each([
  ['waiting_for_approval', ['approve', 'reject']],
  ['running', ['cancel']],
  ['waiting', ['cancel']],
  ['failed', ['retry']],
  ['succeeded', []],
  ['cancelled', []],
] as const)('while it is %s, a person may do %j', (state, acts) => expect(actsOf(state)).toEqual(acts))

it.each([
  ['provision', 'provisioning of gpu-1'],
  ['drain', 'drain of gpu-1'],
  ['uncordon', 'return of gpu-1'],
] as const)('a %s is spoken of as the %s', (kind, name) => expect(nameOfOperation(operation({ kind }))).toBe(name))

it('knows nothing of a step that has not begun', () => {
  const step = {
    name: 'return',
    state: 'pending' as const,
    started_at: null,
    finished_at: null,
    attempts: 0,
    message: '',
  }
  expect(secondsOfStep(step, at)).toBeNull()
})
