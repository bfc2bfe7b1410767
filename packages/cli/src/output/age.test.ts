import { describe, expect, it } from 'vitest'
import { formatAge, formatSpan } from './age.ts'

describe('the age of a time', () => {
  const now = Date.parse('2026-01-19T22:00:00Z')

  it.each([
    ['2026-01-19T21:59:55Z', '5s ago'],
    ['2026-01-19T21:57:00.500Z', '2m ago'],
    ['2026-01-19T20:00:00Z', '2h ago'],
    ['2026-01-17T20:00:00Z', '2d ago'],
    ['2026-01-19T22:00:09Z', '0s ago'],
    [null, 'never'],
    ['yesterday', 'unknown'],
  ])('of %s is %s', (time, age) => {
    expect(formatAge(time, now)).toBe(age)
  })

  it('is rounded down', () => {
    expect([formatSpan(59_999), formatSpan(3_599_999), formatSpan(0)]).toEqual(['59s', '59m', '0s'])
  })
})
