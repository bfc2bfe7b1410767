import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chartCsv, reducePoints } from './chart-options.ts'

describe('points for the width that there is', () => {
  const series = fc.array(fc.option(fc.integer({ min: 0, max: 1000 }), { nil: null }), {
    minLength: 1,
    maxLength: 3000,
  })

  it('keeps the greatest and the least of all', () => {
    fc.assert(
      fc.property(series, fc.integer({ min: 2, max: 300 }), (values, width) => {
        const times = values.map((_, index) => index * 1000)
        const [line = []] = reducePoints(times, [values], width).lines
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
      fc.property(series, fc.integer({ min: 2, max: 300 }), (values, width) => {
        const reduced = reducePoints(
          values.map((_, index) => index * 1000),
          [values],
          width,
        )
        expect(reduced.times.length).toBeLessThanOrEqual(Math.max(width * 2, 4))
        for (let index = 1; index < reduced.times.length; index += 1) {
          expect(reduced.times[index]).toBeGreaterThan(reduced.times[index - 1] ?? Number.POSITIVE_INFINITY)
        }
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

it('gives its data as CSV', () => {
  const lines = [{ label: 'GPU 0, "left"', values: [1, null], color: '' }]
  const csv = chartCsv({ times: [0, 1000], lines, unit: '%', format: String })
  expect(csv).toBe('time,"GPU 0, ""left"" (%)"\n1970-01-01T00:00:00.000Z,1\n1970-01-01T00:00:01.000Z,\n')
})
