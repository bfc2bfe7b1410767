import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  formatNodeState,
  isBusy,
  isDrained,
  isDraining,
  isRegistered,
  isSchedulable,
  isStartable,
  nodeBaseStates,
  parseNodeState,
} from './node-state.ts'
import { SlurmParseError } from './slurm-error.ts'

describe('parseNodeState', () => {
  it.each([
    ['IDLE', 'IDLE'],
    ['IDLE+DRAIN+CLOUD', 'IDLE+DRAIN+CLOUD'],
    ['idle~', 'IDLE+POWERED_DOWN'],
    ['MIXED*', 'MIXED+NOT_RESPONDING'],
    ['DOWN*+DRAIN', 'DOWN+NOT_RESPONDING+DRAIN'],
    ['ALLOCATED#$', 'ALLOCATED+POWERING_UP+MAINTENANCE'],
  ])('reads %s', (text, whole) => {
    expect(formatNodeState(parseNodeState(text))).toBe(whole)
  })

  it('reads the lists of JSON, old and new', () => {
    expect(parseNodeState(['idle', 'DRAIN', 'NOT_RESPONDING'])).toEqual({
      base: 'IDLE',
      flags: ['DRAIN', 'NOT_RESPONDING'],
    })
    expect(parseNodeState(['MIXED', 'DRAIN', 'MIXED_NEW'])).toEqual({ base: 'MIXED', flags: ['DRAIN', 'MIXED_NEW'] })
  })

  it.each(['', 'DRAIN', 'drained', 'IDLE+DOWN', 'IDLE+', 'id le', '+IDLE'])('refuses %j', (text) => {
    expect(() => parseNodeState(text)).toThrow(SlurmParseError)
  })

  it('reads back what it writes', () => {
    const flag = fc.constantFrom('DRAIN', 'CLOUD', 'NOT_RESPONDING', 'POWERED_DOWN', 'BRAND_NEW')
    fc.assert(
      fc.property(fc.constantFrom(...nodeBaseStates), fc.uniqueArray(flag), (base, flags) => {
        expect(parseNodeState(formatNodeState({ base, flags }))).toEqual({ base, flags })
      }),
    )
  })
})

describe('predicates', () => {
  const table = [
    //                                        busy, draining, drained, registered, schedulable, startable
    ['IDLE', false, false, false, true, true, false],
    ['MIXED', true, false, false, true, true, false],
    ['ALLOCATED+DRAIN', true, true, false, true, false, false],
    ['IDLE+DRAIN', false, false, true, true, false, false],
    ['IDLE+COMPLETING+DRAIN', true, true, false, true, false, false],
    ['IDLE+DRAIN+UNDRAIN', false, false, false, true, true, false],
    ['DOWN+DRAIN', false, false, true, true, false, false],
    ['IDLE+CLOUD+POWERED_DOWN', false, false, false, false, false, true],
    ['IDLE+CLOUD+POWERED_DOWN+NOT_RESPONDING', false, false, false, false, false, false],
    ['IDLE+CLOUD+POWERED_DOWN+DRAIN', false, false, true, false, false, false],
    ['FUTURE', false, false, false, false, false, false],
    ['FUTURE+DRAIN', false, false, true, false, false, false],
    ['IDLE+PLANNED', false, false, false, true, true, false],
    ['IDLE+MAINTENANCE', false, false, false, true, false, false],
    ['IDLE+INVALID_REG+DRAIN', false, false, true, true, false, false],
    ['MIXED+NOT_RESPONDING', true, false, false, false, false, false],
  ] as const

  it.each(table)('%s', (text, ...expected) => {
    const state = parseNodeState(text)
    const seen = [isBusy, isDraining, isDrained, isRegistered, isSchedulable, isStartable].map((ask) => ask(state))
    expect(seen).toEqual(expected)
  })
})
