import { expect, test } from 'vitest'
import { createIds } from './demo-ids.ts'

test('ids look like those of the product, never come twice, and are the same in each demo', () => {
  const newId = createIds(3)
  const ids = Array.from({ length: 50_000 }, newId)
  expect(ids.filter((id) => !/^[0-9a-f]{12}$/.test(id))).toEqual([])
  expect(new Set(ids).size).toBe(ids.length)
  const again = createIds(3)
  expect(ids.slice(0, 3)).toEqual([again(), again(), again()])
})
