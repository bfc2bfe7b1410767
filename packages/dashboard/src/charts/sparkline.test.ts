import { describe, expect, it } from 'vitest'
import { sparkPath } from './sparkline.tsx'

describe('a sparkline', () => {
  it('goes from left to right, zero at the bottom', () => {
    expect(sparkPath([0, 50, 100], 100, 100, 22)).toBe('M0 21L50 11L100 1')
  })
  it('is broken where nothing is known, and never drawn at zero there', () => {
    expect(sparkPath([100, null, 0, 100], 100, 150, 22)).toBe('M0 1h0M100 21L150 1')
  })
  it('keeps what is over the scale inside', () => {
    expect(sparkPath([500, 500], 100, 100, 22)).toBe('M0 1L100 1')
  })
  it('shows a reading that stands alone', () => {
    expect(sparkPath([null, 0, null], 100, 100, 22)).toBe('M50 21h0')
  })
  it('draws nothing of nothing', () => {
    expect(sparkPath([], 100, 100, 22)).toBe('')
  })
})
