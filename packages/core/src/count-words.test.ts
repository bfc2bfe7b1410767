import { expect, test } from 'vitest'
import { counted, isAre, partOf } from './count-words.ts'

test.each([
  [0, '0 nodes'],
  [1, '1 node'],
  [2, '2 nodes'],
])('%i is counted as %s', (count, words) => expect(counted(count, 'node')).toBe(words))

test('what has a plural of its own is counted with it', () => {
  expect([1, 2].map((count) => counted(count, 'entry of the queue', 'entries of the queue'))).toEqual([
    '1 entry of the queue',
    '2 entries of the queue',
  ])
})

test('the verb goes with the number', () => {
  expect([0, 1, 2].map(isAre)).toEqual(['are', 'is', 'are'])
})

test.each([
  [0, 4, '0 of 4 GPUs are'],
  [1, 4, '1 of 4 GPUs is'],
  [4, 4, '4 of 4 GPUs are'],
  [0, 1, '0 of 1 GPU is'],
  [1, 1, '1 of 1 GPU is'],
])('of %i and %i one says %s', (count, total, words) => expect(partOf(count, total, 'GPU')).toBe(words))
