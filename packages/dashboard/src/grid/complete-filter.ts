import type { FleetNodeJson } from '@navarch/api/views'
import { type FieldName, fieldNames, fieldOf } from './filter-fields.ts'
import { wordsOf } from './parse-filter.ts'

export interface Completion {
  /** The part of the text that a choice takes the place of. */
  start: number
  end: number
  choices: CompletionChoice[]
}

export interface CompletionChoice {
  insert: string
  label: string
  about: string
}

/** Choices shown at once. */
const most = 10

/**
 * What may be meant at the cursor: fields at the beginning of a word, behind the sign the values that nodes have, most nodes first.
 * @param cursor place in the text
 */
export function completeFilter(text: string, cursor: number, nodes: Iterable<FleetNodeJson>): Completion {
  const word = wordsOf(text).find(({ start, end }) => start <= cursor && cursor <= end) ?? {
    start: cursor,
    end: cursor,
    raw: '',
  }
  const typed = word.raw.slice(0, cursor - word.start)
  const minus = typed.startsWith('-') ? '-' : ''
  const body = typed.slice(minus.length)
  const [, name, sign, value] = /^([A-Za-z_]\w*)(<=|>=|[:=<>])(.*)$/s.exec(body) ?? []
  if (name === undefined || sign === undefined || value === undefined) {
    return { start: word.start + minus.length, end: word.end, choices: fieldChoices(body) }
  }
  const begin = value.slice(value.lastIndexOf(',') + 1)
  return {
    start: cursor - begin.length,
    end: word.end,
    choices: valueChoices(name.toLowerCase(), sign, begin.replaceAll('"', '').toLowerCase(), nodes),
  }
}

function fieldChoices(begin: string): CompletionChoice[] {
  const wanted = begin.toLowerCase()
  return fieldNames
    .filter((name) => name.startsWith(wanted))
    .map((name) => {
      const field = fieldOf(name)
      return {
        insert: field?.kind === 'text' ? `${name}:` : `${name}${field?.kind === 'age' ? '<' : '>'}`,
        label: name,
        about: field?.about ?? '',
      }
    })
    .slice(0, begin === '' ? fieldNames.length : most)
}

function valueChoices(name: string, sign: string, begin: string, nodes: Iterable<FleetNodeJson>): CompletionChoice[] {
  const field = fieldOf(name)
  if (field?.kind === 'age') return ages.filter((age) => age.startsWith(begin)).map((age) => choice(age, ''))
  if (field?.kind === 'number') {
    return (sign === ':' || sign === '=') && 'unknown'.startsWith(begin)
      ? [choice('unknown', 'what nobody has measured')]
      : []
  }
  if (field?.kind !== 'text') return []
  const counts = countValues(name as FieldName, nodes)
  for (const fixed of field.choices ?? []) if (!counts.has(fixed)) counts.set(fixed, 0)
  return [...counts]
    .filter(([value]) => value.toLowerCase().includes(begin))
    .sort(([one, few], [other, many]) => many - few || one.localeCompare(other, 'en', { numeric: true }))
    .slice(0, most)
    .map(([value, count]) => choice(value, `${count} ${count === 1 ? 'node' : 'nodes'}`))
}

const ages = ['5m', '10m', '1h', '6h', '1d', '7d']

const choice = (value: string, about: string): CompletionChoice => ({
  insert: `${/[\s",]/.test(value) ? `"${value.replaceAll('"', '')}"` : value} `,
  label: value,
  about,
})

function countValues(name: FieldName, nodes: Iterable<FleetNodeJson>): Map<string, number> {
  const field = fieldOf(name)
  const counts = new Map<string, number>()
  if (field?.kind !== 'text') return counts
  for (const node of nodes) {
    for (const value of field.read(node)) if (value !== '') counts.set(value, (counts.get(value) ?? 0) + 1)
  }
  return counts
}
