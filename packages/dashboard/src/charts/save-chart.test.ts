import { describe, expect, it } from 'vitest'
import { keyRows } from './save-chart.ts'

describe('what the lines of a saved picture are', () => {
  it('stands side by side, and goes on below where there is no room', () => {
    expect(keyRows([40, 50, 30], 100)).toEqual([
      [
        { index: 0, x: 0 },
        { index: 1, x: 40 },
      ],
      [{ index: 2, x: 0 }],
    ])
  })
  it('is written even where one is too wide', () => {
    expect(keyRows([400], 100)).toEqual([[{ index: 0, x: 0 }]])
  })
})
