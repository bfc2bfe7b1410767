import { expect, test } from 'vitest'
import { takesEncoding } from './takes-encoding.ts'

test.each([
  [undefined, false],
  ['', false],
  ['gzip', true],
  ['GZIP', true],
  ['br, gzip;q=0.5', true],
  ['gzip;q=0', false],
  ['gzip; q=0.000, br', false],
  ['gzip;q=0.01', true],
  ['x-gzip', false],
  ['identity, *', false],
])('Accept-Encoding %j: gzip is taken: %j', (accepted, taken) => expect(takesEncoding(accepted, 'gzip')).toBe(taken))
