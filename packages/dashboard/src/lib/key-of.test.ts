import { expect, it } from 'vitest'
import { keyOf } from './key-of.ts'

it.each([
  ['week', 'week'],
  ['year', 'day'],
  [undefined, 'day'],
  ['constructor', 'day'],
] as const)('of the URL’s %s, what is offered is taken: %s', (text, key) =>
  expect(keyOf({ day: 1, week: 7 }, text, 'day')).toBe(key),
)
