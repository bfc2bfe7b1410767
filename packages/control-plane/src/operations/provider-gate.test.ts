import { ProviderError } from '@navarch/providers/provider'
import { describe, expect, it } from 'vitest'
import { createProviderGate } from './provider-gate.ts'

const away = new ProviderError('unavailable', 'cannot be reached')
const gate = () => createProviderGate(() => 1)

describe('a provider gate', () => {
  it('is open for all while nothing has failed', () => {
    const { enter } = gate()
    expect([enter('p', 0), enter('p', 0)]).toEqual([0, 0])
  })

  it('closes for longer with each failure in a row', () => {
    const { failed, enter } = gate()
    expect(failed('p', away, 0)).toBe(5_000)
    expect(enter('p', 1_000)).toBe(4_000)
    expect(enter('p', 5_000)).toBe(0)
    expect(failed('p', away, 5_000)).toBe(10_000)
  })

  it('counts calls that were under way together once', () => {
    const { failed, health } = gate()
    failed('p', away, 0)
    expect(failed('p', away, 10)).toBe(4_990)
    expect(health('p').failures).toBe(1)
  })

  it('lets one try after the pause and has the others wait for it', () => {
    const { failed, enter, succeeded } = gate()
    failed('p', away, 0)
    expect([enter('p', 5_000), enter('p', 5_000), enter('p', 6_000)]).toEqual([0, 2_000, 2_000])
    succeeded('p')
    expect([enter('p', 6_001), enter('p', 6_001)]).toEqual([0, 0])
  })

  it('does not wait for ever for a try that never came back', () => {
    const { failed, enter } = gate()
    failed('p', away, 0)
    expect(enter('p', 5_000)).toBe(0)
    expect(enter('p', 65_000)).toBe(0)
  })

  it('stays closed for as long as the provider asks', () => {
    const { failed } = gate()
    expect(failed('p', new ProviderError('quota', 'slow down', { retryAfterMs: 60_000 }), 0)).toBe(60_000)
  })

  it('keeps providers apart', () => {
    const { failed, enter } = gate()
    failed('p', away, 0)
    expect(enter('q', 1)).toBe(0)
  })
})
