import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lonePoints, reducePoints } from './reduce-points.ts'

describe('points for the width that there is', () => {
  const series = fc.array(fc.option(fc.integer({ min: 0, max: 1000 }), { nil: null }), {
    minLength: 1,
    maxLength: 3000,
  })
  const widths = fc.integer({ min: 2, max: 300 })
  const timesOf = (values: readonly unknown[]) => values.map((_, index) => index * 1000)

  it('keeps the greatest and the least of all', () => {
    fc.assert(
      fc.property(series, widths, (values, width) => {
        const [line = []] = reducePoints(timesOf(values), [values], width).lines
        const known = values.filter((value) => value !== null)
        const kept = line.filter((value) => value !== null)
        expect(kept.length > 0).toBe(known.length > 0)
        if (known.length === 0) return
        expect(Math.max(...kept)).toBe(Math.max(...known))
        expect(Math.min(...kept)).toBe(Math.min(...known))
      }),
    )
  })
  it('is never longer than two points per pixel, and its times rise', () => {
    fc.assert(
      fc.property(series, widths, (values, width) => {
        const { times, lines } = reducePoints(timesOf(values), [values], width)
        expect(times.length).toBeLessThanOrEqual(Math.max(width * 2, 4))
        expect(lines[0]).toHaveLength(times.length)
        for (let index = 1; index < times.length; index += 1) {
          expect(times[index]).toBeGreaterThan(times[index - 1] ?? Number.POSITIVE_INFINITY)
        }
      }),
    )
  })
  it('ends with the newest point as it is, also where that is not known', () => {
    fc.assert(
      fc.property(series, widths, (values, width) => {
        const { times, lines } = reducePoints(timesOf(values), [values], width)
        expect([times.at(-1), lines[0]?.at(-1)]).toEqual([(values.length - 1) * 1000, values.at(-1)])
      }),
    )
  })
  it('leaves a gap a gap', () => {
    const values = [...Array(500).fill(5), ...Array(1000).fill(null), ...Array(500).fill(7)]
    const [line = []] = reducePoints(
      values.map((_, index) => index),
      [values],
      20,
    ).lines
    expect(line).toContain(null)
    expect(line).not.toContain(0)
  })
})

describe('a reading between two gaps', () => {
  it.each([
    [
      [1, null, 2, null, 3, 4],
      [0, 2],
    ],
    [[null, null], []],
    [[5], [0]],
    [[1, 2, 3], []],
  ])('of %j is at %j', (values, places) => expect(lonePoints(values)).toEqual(places))
})
