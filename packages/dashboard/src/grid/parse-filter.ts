import { type FieldName, fieldNames, fieldOf } from './filter-fields.ts'

export type CompareSign = '=' | '<' | '>' | '<=' | '>='

/** What one word of a filter asks. */
export type FilterTest =
  | { kind: 'free'; text: string }
  | { kind: 'text'; field: FieldName; values: readonly string[] }
  /** `value` in the field's unit; seconds for ages. */
  | { kind: 'compare'; field: FieldName; sign: CompareSign; value: number }
  | { kind: 'not-known'; field: FieldName }

export interface FilterTerm {
  /** Where it stands in the text; `end` is behind it. */
  start: number
  end: number
  isNegated: boolean
  test: FilterTest
}

/** A word that says nothing, and why. It is left out; the rest of the filter holds. */
export interface FilterProblem {
  start: number
  end: number
  message: string
}

export interface Filter {
  terms: readonly FilterTerm[]
  problems: readonly FilterProblem[]
}

interface Word {
  start: number
  end: number
  raw: string
}

const signs = /^([A-Za-z_]\w*)(<=|>=|[:=<>])(.*)$/s
const ageUnits: Record<string, number> = { s: 1, m: 60, min: 60, h: 3600, d: 86_400, w: 604_800 }

/**
 * Reads a filter such as `state:drain gpu:h100 temp>80 age<1d -rack:7 reason:"fan tray" h100`: words that all must hold; `-` turns
 * one round, a comma is "or". Never throws: what cannot be read is a problem with its place.
 */
export function parseFilter(text: string): Filter {
  const terms: FilterTerm[] = []
  const problems: FilterProblem[] = []
  for (const word of wordsOf(text)) {
    const { start, end } = word
    const isNegated = word.raw.startsWith('-')
    const body = isNegated ? word.raw.slice(1) : word.raw
    if (body === '') continue
    const read = readWord(body)
    if (typeof read === 'string') problems.push({ start, end, message: read })
    else terms.push({ start, end, isNegated, test: read })
  }
  return { terms, problems }
}

/** Words end at blanks, but not within quotes. */
export function wordsOf(text: string): Word[] {
  const words: Word[] = []
  let start = -1
  let isQuoted = false
  for (let index = 0; index <= text.length; index += 1) {
    const char = text[index]
    const isEnd = char === undefined || (!isQuoted && /\s/.test(char))
    if (char === '"') isQuoted = !isQuoted
    if (!isEnd && start < 0) start = index
    if (isEnd && start >= 0) {
      words.push({ start, end: index, raw: text.slice(start, index) })
      start = -1
    }
  }
  return words
}

function readWord(body: string): FilterTest | string {
  if (count(body, '"') % 2 === 1) return 'a quote is not closed'
  const [, name, sign, value] = signs.exec(body) ?? []
  if (name === undefined || sign === undefined || value === undefined) {
    const text = unquote(body)
    return text === '' ? 'the quotes are empty' : { kind: 'free', text }
  }
  const known = name.toLowerCase()
  const field = fieldOf(known)
  if (!field) return `there is no field "${name}"${nearest(known)}`
  if (value === '') return `${known} needs a value`
  return field.kind === 'text' ? readText(known as FieldName, sign, value) : readAmount(known as FieldName, sign, value)
}

function readText(name: FieldName, sign: string, value: string): FilterTest | string {
  const field = fieldOf(name)
  if (sign !== ':' && sign !== '=') return `${name} is no number: write ${name}:${value}`
  const values = splitValues(value)
  if (values.some((part) => part === '')) return `${name} has an empty value`
  const choices = field?.kind === 'text' ? field.choices : undefined
  const strange = choices && values.find((part) => !choices.some((choice) => choice.startsWith(part.toLowerCase())))
  if (choices && strange !== undefined) return `${name} is one of ${choices.join(', ')}`
  return { kind: 'text', field: name, values }
}

function readAmount(name: FieldName, sign: string, value: string): FilterTest | string {
  if ((sign === ':' || sign === '=') && value === 'unknown') return { kind: 'not-known', field: name }
  const compare: CompareSign = sign === ':' ? '=' : (sign as CompareSign)
  const isAge = fieldOf(name)?.kind === 'age'
  const amount = isAge ? readAge(value) : readNumber(value)
  if (amount !== undefined) return { kind: 'compare', field: name, sign: compare, value: amount }
  return isAge ? `${name} is a time such as 30s, 10m, 2h or 1d` : `${name} is a number, or unknown`
}

function readNumber(text: string): number | undefined {
  const [, digits] = /^(-?\d{1,12}(?:\.\d{1,6})?)(?:%|°?[cC]|[wW])?$/.exec(text) ?? []
  return digits === undefined ? undefined : Number(digits)
}

function readAge(text: string): number | undefined {
  const [, digits, unit = 's'] = /^(\d{1,9}(?:\.\d{1,3})?)(s|min|m|h|d|w)?$/.exec(text) ?? []
  return digits === undefined ? undefined : Number(digits) * (ageUnits[unit] ?? 1)
}

/** At commas outside of quotes. */
function splitValues(text: string): string[] {
  return [...text.matchAll(/(?:"[^"]*"|[^,"])+|(?<=^|,)(?=,|$)/g)].map(([part]) => unquote(part))
}

const unquote = (text: string): string => text.replaceAll('"', '')

function count(text: string, char: string): number {
  return text.split(char).length - 1
}

/** The field that was probably meant. */
function nearest(name: string): string {
  const close =
    fieldNames.find((field) => field.startsWith(name) || name.startsWith(field)) ??
    fieldNames.find((field) => differences(field, name) <= 2 && Math.min(field.length, name.length) > 2)
  return close === undefined ? '' : `; did you mean ${close}?`
}

/** Characters to add, remove or replace (Levenshtein). */
function differences(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= other.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (one[i - 1] === other[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[other.length] ?? 0
}
