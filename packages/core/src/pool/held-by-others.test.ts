import { parseNodeState } from '@navarch/slurm/node-state'
import { describe, expect, it } from 'vitest'
import { isHeldByOthers, isHeldByPerson } from './held-by-others.ts'

describe('a node', () => {
  it.each([
    ['IDLE', 'bad cable', false],
    ['IDLE+DRAIN', 'bad cable', true],
    ['DOWN', 'bad cable', true],
    ['IDLE+DRAIN', 'navarch: XID 79', false],
    ['DOWN+DRAIN', 'navarch: XID 79', false],
    ['MIXED+DRAIN', 'Kill task failed', true],
    ['IDLE+DRAIN', 'Low RealMemory (reported:1 < 100.00% of configured:2)', true],
    ['DOWN+NOT_RESPONDING', 'Not responding', false],
    ['IDLE+DRAIN', '', false],
  ])('that is %s because of "%s": held by others is %s', (state, reason, held) => {
    expect(isHeldByOthers({ state: parseNodeState(state), reason })).toBe(held)
  })

  it('that slurmctld drained is held by no person', () => {
    const state = parseNodeState('IDLE+DRAIN')
    expect(isHeldByPerson({ state, reason: 'Kill task failed' })).toBe(false)
    expect(isHeldByPerson({ state, reason: 'bad cable' })).toBe(true)
  })
})
