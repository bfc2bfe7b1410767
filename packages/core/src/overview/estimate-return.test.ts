import { expect, test } from 'vitest'
import { estimateReturn, medianOf } from './estimate-return.ts'

const operation = (step: 'wait' | 'provision', startedAt?: number) => ({
  kind: 'replace' as const,
  step,
  createdAt: 0,
  steps: [
    {
      name: 'remove' as const,
      state: 'running' as const,
      attempts: 1,
      message: '',
      ...(startedAt !== undefined && { startedAt }),
    },
  ],
})

test('while jobs run, it is their time limit and what replacements took of late', () => {
  expect(estimateReturn(operation('wait'), 600_000, 120_000, 0)).toBe(720_000)
})
test('when they are over, it is what is left of the usual time', () => {
  expect(estimateReturn(operation('provision', 30_000), undefined, 120_000, 50_000)).toBe(100_000)
})
test('longer than usual, it may be any moment', () => {
  expect(estimateReturn(operation('provision', 0), undefined, 120_000, 999_000)).toBe(1000)
})
test('nobody can tell without a time limit, or before the first replacement', () => {
  expect(estimateReturn(operation('wait'), undefined, 120_000, 0)).toBeUndefined()
  expect(estimateReturn(operation('wait'), 1000, undefined, 0)).toBeUndefined()
  expect(estimateReturn({ ...operation('wait'), kind: 'drain' }, 1000, 1000, 0)).toBeUndefined()
})
test('the median is the middle one', () => {
  expect([medianOf([]), medianOf([3]), medianOf([9, 1, 5])]).toEqual([undefined, 3, 5])
})
