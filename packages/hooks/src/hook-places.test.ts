import { expect, it } from 'vitest'
import { matchesPattern } from './hook-places.ts'

it.each([
  ['*', '50-observability.sh', true],
  ['*.sh', '50-observability.sh', true],
  ['*.py', '50-observability.sh', false],
  ['[0-9]*', '50-observability.sh', true],
  ['[!0-9]*', '50-observability.sh', false],
  ['??-*', '50-observability.sh', true],
  ['*', '.hidden', false],
  ['50.observability.sh', '50-observability.sh', false],
  ['a[b', 'a[b', true],
])('pattern %s and file %s: %s', (pattern, name, matches) => {
  expect(matchesPattern(pattern, name)).toBe(matches)
})
