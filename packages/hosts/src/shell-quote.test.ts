import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { shellQuote } from './shell-quote.ts'

it('makes one word of any text, which sh reads back unchanged', () => {
  const text = fc.string({ unit: 'grapheme' }).filter((each) => !each.includes('\0'))
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 5 }), (words) => {
      const script = `for word in ${words.map(shellQuote).join(' ')}; do printf '%s\\0' "$word"; done`
      expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' })).toBe(words.map((word) => `${word}\0`).join(''))
    }),
    { numRuns: 30 },
  )
})
