import { expect, test } from 'vitest'
import { between } from './generate.ts'

test('what lies between the marks is replaced, and nothing else', () => {
  const document = '# A\n<!-- keys:begin -->\n\nold\n<!-- keys:end -->\nrest\n'
  expect(between(document, 'keys', 'new')).toBe('# A\n<!-- keys:begin -->\n\nnew\n<!-- keys:end -->\nrest\n')
  expect(between(between(document, 'keys', 'new'), 'keys', 'new')).toBe(between(document, 'keys', 'new'))
})

test('a document without the marks is an error that names them', () => {
  expect(() => between('# A\n', 'keys', 'new')).toThrow('<!-- keys:begin -->')
})
