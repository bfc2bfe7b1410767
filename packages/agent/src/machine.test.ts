import { expect, it } from 'vitest'
import { parseCpuTimes, parseMemoryPercent } from './machine.ts'

it('counts what is neither idle nor waiting for a disk as busy', () => {
  const stat = 'cpu  100 10 50 800 40 5 5 0 0 0\ncpu0 50 5 25 400 20 2 2 0 0 0\n'
  expect(parseCpuTimes(stat)).toEqual({ busy: 170, total: 1010 })
  expect(parseCpuTimes('')).toBeUndefined()
})

it('counts memory that could be freed as available', () => {
  expect(parseMemoryPercent('MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    250 kB\n')).toBe(75)
  expect(parseMemoryPercent('MemTotal: 1000 kB\n')).toBeUndefined()
})
