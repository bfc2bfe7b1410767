import { expect, it } from 'vitest'
import { isFlat } from './is-flat.ts'

it('a chart is flat where all that was read is zero, not where nothing was', () => {
  const lines = (...values: (number | null)[]) => ({ lines: [{ label: '', color: '', values }] })
  expect(isFlat(lines(0, null, 0))).toBe(true)
  expect(isFlat(lines(0, 1))).toBe(false)
  expect(isFlat(lines(null))).toBe(false)
  expect(isFlat({ lines: [] })).toBe(false)
})
