import type { OperationJson } from '@navarch/api/rest'
import { describe, expect, it } from 'vitest'
import { missingNodeOf } from './missing-node-words.ts'

const operation = (id: string, kind: OperationJson['kind'], state: OperationJson['state'], hour: number) =>
  ({ id, kind, state, created_at: `2026-01-01T0${hour}:00:00Z` }) as OperationJson

describe('a node that is not there', () => {
  it.each([
    [
      'proposed',
      [operation('op70', 'provision', 'waiting_for_approval', 2)],
      'There is no node n1 yet: op70 proposes it.',
    ],
    ['coming', [operation('op71', 'provision', 'running', 2)], 'There is no node n1 yet: op71 is at it (provision).'],
    [
      'gone',
      [operation('op9', 'scale-down', 'succeeded', 3), operation('op1', 'provision', 'succeeded', 1)],
      'n1 is gone: the last operation, op9 (scale-down), succeeded.',
    ],
    [
      'unknown',
      [operation('op2', 'provision', 'cancelled', 1)],
      'There is no node n1: the last operation, op2 (provision), was cancelled.',
    ],
    ['unknown', [], 'There is no node n1, and Navarch has done nothing with one of that name.'],
  ] as const)('is %s', (kind, operations, text) => {
    expect(missingNodeOf('n1', operations)).toMatchObject({ kind, text })
  })

  it('names the newest operation', () => {
    const known = [operation('op1', 'provision', 'succeeded', 1), operation('op5', 'replace', 'failed', 5)]
    expect(missingNodeOf('n1', known).operation?.id).toBe('op5')
  })
})
