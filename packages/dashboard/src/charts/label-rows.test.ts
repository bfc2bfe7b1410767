import { describe, expect, it } from 'vitest'
import { labelRows } from './label-rows.ts'

describe('words of bands', () => {
  const extent = (left: number, right: number) => ({ left, right })

  it('stand in one row where they have room', () => {
    expect(labelRows([extent(0, 40), extent(50, 90)], 3)).toEqual([0, 0])
  })
  it('stand below each other where they would be written over each other', () => {
    expect(labelRows([extent(0, 40), extent(10, 50), extent(45, 60)], 3)).toEqual([0, 1, 0])
  })
  it('are left out where even that has no room', () => {
    expect(labelRows([extent(0, 9), extent(0, 9), extent(0, 9)], 2)).toEqual([0, 1, -1])
  })
})
