import { expect, test } from 'vitest'
import { lastEnd } from './last-end.ts'

test.each([
  [[], undefined],
  [[{ endTime: 5 }, { endTime: 9 }], 9],
  [[{ endTime: 5 }, {}], undefined],
])('the last of %j must have ended at %j', (jobs, end) => expect(lastEnd(jobs)).toBe(end))
