import { expect, it } from 'vitest'
import { startOf } from './job-start.ts'

it('a job that waits has not begun, and a start that nobody told is not known', () => {
  const start_time = '2026-01-01T00:00:01Z'
  expect(startOf({ state: 'running', start_time })).toBe(Date.parse(start_time))
  expect(startOf({ state: 'pending', start_time })).toBeNull()
  expect(startOf({ state: 'failed', start_time: null })).toBeNull()
})
