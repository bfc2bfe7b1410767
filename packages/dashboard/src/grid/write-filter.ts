import { fieldOf } from './filter-fields.ts'
import { type FilterTest, parseFilter } from './parse-filter.ts'

/** A test as the filter language has it; `parseFilter` reads the same again. */
export function writeTest(test: FilterTest, isNegated = false): string {
  const minus = isNegated ? '-' : ''
  switch (test.kind) {
    case 'free':
      return `${minus}${/^[^\s":=<>-][^\s":=<>]*$/.test(test.text) ? test.text : `"${test.text}"`}`
    case 'text':
      return `${minus}${test.field}:${test.values.map(quote).join(',')}`
    case 'not-known':
      return `${minus}${test.field}:unknown`
    case 'compare':
      return `${minus}${test.field}${test.sign === '=' ? ':' : test.sign}${test.value}${fieldOf(test.field)?.kind === 'age' ? 's' : ''}`
  }
}

const quote = (value: string): string => (/^[^\s",]+$/.test(value) ? value : `"${value}"`)

/** The text with one word more; without it when it is there already. */
export function toggleWord(text: string, word: string): string {
  const [wanted] = parseFilter(word).terms
  if (!wanted) return text
  const same = parseFilter(text).terms.find(
    ({ test, isNegated }) => writeTest(test, isNegated) === writeTest(wanted.test, wanted.isNegated),
  )
  if (!same) return `${text.trim()} ${word}`.trim()
  return `${text.slice(0, same.start).trimEnd()} ${text.slice(same.end).trimStart()}`.trim()
}
