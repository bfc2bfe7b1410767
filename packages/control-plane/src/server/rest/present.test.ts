import { expect, test } from 'vitest'
import { present } from './present.ts'

test('keys without a value are left out, and no other', () => {
  expect(Object.keys(present({ a: undefined, b: null, c: 0, d: '' }))).toEqual(['b', 'c', 'd'])
})
