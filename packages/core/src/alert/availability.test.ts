import fc from 'fast-check'
import { expect, it } from 'vitest'
import { availabilityOf, type HourOfLooks, withLook } from './availability.ts'

const hourMs = 3_600_000

function after(looks: readonly (readonly [number, boolean])[]): HourOfLooks[] {
  return looks.reduce<HourOfLooks[]>((hours, [at, answered]) => withLook(hours, at, answered), [])
}

it('is not known before a day of looks', () => {
  const day = Array.from({ length: 23 }, (_, hour) => [hour * hourMs, true] as const)
  expect(availabilityOf(after(day))).toBeUndefined()
  expect(availabilityOf(after([...day, [23 * hourMs, true]]))).toBe(100)
})

it('is the share of looks that were answered', () => {
  const looks = Array.from({ length: 24 * 60 }, (_, minute) => [minute * 60_000, minute >= 72] as const)
  expect(availabilityOf(after(looks))).toBeCloseTo(95, 5)
})

it('forgets what is older than 30 days', () => {
  const old = Array.from({ length: 48 }, (_, hour) => [hour * hourMs, false] as const)
  const since = 60 * 24 * hourMs
  const good = Array.from({ length: 24 }, (_, hour) => [since + hour * hourMs, true] as const)
  const hours = after([...old, ...good])
  expect(hours).toHaveLength(24)
  expect(availabilityOf(hours)).toBe(100)
})

it('does not count the time in which nobody looked', () => {
  const first = Array.from({ length: 24 }, (_, hour) => [hour * hourMs, true] as const)
  expect(availabilityOf(after([...first, [200 * hourMs, true]]))).toBe(100)
})

it('never keeps more than a month, nor leaves 0 to 100', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 100 }), fc.boolean()), { maxLength: 1000 }), (steps) => {
      let at = 0
      const hours = after(
        steps.map(([pause, answered]) => {
          at += pause * 600_000
          return [at, answered] as const
        }),
      )
      expect(hours.length).toBeLessThanOrEqual(720)
      const share = availabilityOf(hours) ?? 50
      expect(share >= 0 && share <= 100).toBe(true)
    }),
  )
})
