import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { axisTicks, classOfSpan, placeSpan } from './lane-places.ts'

const from = Date.parse('2026-01-01T00:00:00Z')
const hour = 3_600_000

describe('lanes', () => {
  it('have a span where it was, cut at both ends', () => {
    const place = (start: string, end: string) => placeSpan({ from: start, to: end }, from, from + 10 * hour)
    expect(place('2026-01-01T01:00:00Z', '2026-01-01T03:00:00Z')).toEqual({ left: 10, width: 20 })
    expect(place('2025-12-31T00:00:00Z', '2026-01-02T00:00:00Z')).toEqual({ left: 0, width: 100 })
  })
  it('show the shortest span, also at the very end', () => {
    const { left, width } = placeSpan(
      { from: '2026-01-01T10:00:00Z', to: '2026-01-01T10:00:00Z' },
      from,
      from + 10 * hour,
    )
    expect([left + width, width]).toEqual([100, 0.25])
  })
  it('have at most nine ticks, at round times, in order, within the axis', () => {
    fc.assert(
      fc.property(fc.integer({ min: 10, max: 90 * 24 * 60 }), fc.integer({ min: 0, max: 10_000 }), (minutes, shift) => {
        const start = from + shift * 61_000
        const ticks = axisTicks(start, start + minutes * 60_000, () => 5.5 * hour)
        expect(ticks.length).toBeLessThanOrEqual(9)
        expect(ticks.every(({ share, text }) => share >= 0 && share <= 1 && /^\d\d[:-]\d\d$/.test(text))).toBe(true)
        expect([...ticks].sort((one, other) => one.at - other.at)).toEqual(ticks)
      }),
    )
  })
  it('give a state that nobody has heard of the plain look', () => {
    expect([classOfSpan('draining'), classOfSpan('constructor')]).toEqual(['state-draining', 'span-quiet'])
  })
})
