import { describe, expect, it } from 'vitest'
import { isStale } from './fleet-hooks.ts'

describe('what is shown is the past', () => {
  const heardAt = 1_000_000

  it('once the connection has been lost for a while', () => {
    expect(isStale({ connection: 'lost', heardAt }, heardAt + 14_000)).toBe(false)
    expect(isStale({ connection: 'lost', heardAt }, heardAt + 15_000)).toBe(true)
  })
  it('never while the control plane is heard', () => {
    expect(isStale({ connection: 'live', heardAt }, heardAt + 60_000)).toBe(false)
  })
  it('not before anything was shown', () => {
    expect(isStale({ connection: 'lost', heardAt: 0 }, heardAt)).toBe(false)
  })
})
