import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { safePattern, wholePattern } from './safe-pattern.ts'

describe('a pattern', () => {
  it.each([
    ['^gpu-\\d+$', 'gpu-17', true],
    ['gpu-(17|18)', 'gpu-18', true],
    ['^(a|b)?-[0-9]{2}$', 'a-12', true],
    ['r\\*x', 'r*x', true],
    ['[*+{)]', ')', true],
    ['^rack-(a|b|c|d)-(01|02|03|04)(-ib)?$', 'rack-c-03-ib', true],
    [Array.from({ length: 18 }, (_, index) => `gpu-${index}`).join('|'), 'gpu-17', true],
  ])('%s is one that people write', (source, text, matches) => {
    expect(safePattern(source)?.test(text)).toBe(matches)
  })

  it.each([
    '(a+)+$',
    '(a|aa)*b',
    '(x){2,}',
    '(.*)\\1',
    '\\k<a>',
    'a*b*c*d*e*',
    '(',
    'x'.repeat(201),
    `${'.?'.repeat(90)}!`,
    '(.|.)'.repeat(33),
  ])('%s is refused', (source) => {
    expect(safePattern(source)).toBeUndefined()
  })

  it('for a whole text matches no part of one', () => {
    expect(wholePattern('gpu-1|gpu-2')?.test('gpu-12')).toBe(false)
    expect(wholePattern('gpu-1.*')?.test('gpu-12')).toBe(true)
    expect(wholePattern('x'.repeat(200))?.test('x'.repeat(199))).toBe(false)
    expect(wholePattern('a)(b')).toBeUndefined()
  })

  it('answers at once whatever it is asked', () => {
    const piece = fc.constantFrom('a', 'b', '.', '*', '+', '?', '(', ')', '|', '[ab]', '{2,}', '\\w', '$', '^')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const pattern = safePattern(pieces.join(''))
        // The work of what is allowed is bounded: a pattern that goes back for hours would hang here.
        expect([true, false, undefined]).toContain(pattern?.test(`${'a'.repeat(62)}!`))
      }),
      { numRuns: 300 },
    )
  })
})
