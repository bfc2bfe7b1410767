import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nodeBaseStates, parseNodeState } from './node-state.ts'
import { nodeStateWord } from './node-state-word.ts'

describe('nodeStateWord', () => {
  it.each([
    ['IDLE', 'idle'],
    ['IDLE+CLOUD+POWERED_DOWN', 'idle~'],
    ['IDLE+NOT_RESPONDING', 'idle*'],
    ['IDLE+PLANNED', 'planned'],
    ['IDLE+RESERVED+PLANNED', 'reserved'],
    ['IDLE+MAINTENANCE+RESERVED', 'maint'],
    ['MIXED+MAINTENANCE', 'mixed$'],
    ['MIXED+PLANNED', 'mixed-'],
    ['IDLE+DRAIN', 'drained'],
    ['MIXED+DRAIN', 'draining'],
    ['IDLE+COMPLETING+DRAIN', 'draining'],
    ['DOWN+DRAIN+NOT_RESPONDING', 'drained*'],
    ['DOWN+NOT_RESPONDING', 'down*'],
    ['ALLOCATED+COMPLETING', 'allocated+'],
    ['IDLE+COMPLETING', 'completing'],
    ['IDLE+FAIL', 'fail'],
    ['ALLOCATED+FAIL', 'failing'],
    ['IDLE+REBOOT_ISSUED', 'reboot^'],
    ['IDLE+INVALID_REG', 'inval'],
    ['FUTURE', 'future'],
    ['UNKNOWN+NOT_RESPONDING', 'unknown*'],
  ])('says of %s what sinfo says: %s', (state, word) => {
    expect(nodeStateWord(parseNodeState(state))).toBe(word)
  })

  it('has a word for any state', () => {
    const flag = fc.constantFrom('DRAIN', 'FAIL', 'COMPLETING', 'CLOUD', 'POWERED_DOWN', 'MAINTENANCE', 'NEW_FLAG')
    fc.assert(
      fc.property(fc.constantFrom(...nodeBaseStates), fc.uniqueArray(flag), (base, flags) => {
        expect(nodeStateWord({ base, flags })).toMatch(/^[a-z]+[*~#!%$@^+-]?$/)
      }),
    )
  })
})
