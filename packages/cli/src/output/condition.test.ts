import { describe, expect, it } from 'vitest'
import { isNotable } from './condition.ts'

const condition = { reason: '', message: '', since: '2026-01-01T00:00:00Z' }

describe('a condition of a pool', () => {
  it.each([
    ['ProviderReady', 'false', true],
    ['ProviderReady', 'true', false],
    ['PartitionFound', 'unknown', false],
    ['Held', 'true', true],
    ['AtMaximum', 'false', false],
  ] as const)('%s %s is worth a look: %s', (type, status, notable) => {
    expect(isNotable({ ...condition, type, status })).toBe(notable)
  })
})
