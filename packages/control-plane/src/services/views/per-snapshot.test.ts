import { expect, test } from 'vitest'
import { snapshotOf } from '../../../test/slurm-snapshot.ts'
import { perSnapshot } from './per-snapshot.ts'

test('a look is worked out once, and another one anew', () => {
  let made = 0
  const takenAt = perSnapshot((snapshot) => {
    made++
    return snapshot.takenAt
  })
  const [first, second] = [snapshotOf(1, []), snapshotOf(2, [])]
  expect([first, second, first].map(takenAt)).toEqual([1, 2, 1])
  expect(made).toBe(2)
})
