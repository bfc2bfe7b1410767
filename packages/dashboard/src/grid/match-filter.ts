import type { FleetNodeJson } from '@navarch/api/views'
import { fieldOf, type TextField } from './filter-fields.ts'
import type { CompareSign, Filter, FilterTest } from './parse-filter.ts'

/** Whether a node fits. @param now the server's time, ms */
export type NodeTest = (node: FleetNodeJson, now: number) => boolean

/**
 * One test of all words of a filter; all must hold. A comparison with what is not known does not hold; `-` turns any test round, so that a
 * word and its opposite together are the whole fleet.
 */
export function compileFilter({ terms }: Filter): NodeTest {
  const tests = terms.map(({ test, isNegated }): NodeTest => {
    const holds = compileTest(test)
    return isNegated ? (node, now) => !holds(node, now) : holds
  })
  return (node, now) => tests.every((test) => test(node, now))
}

/** Whether its answer may change with time alone. */
export function dependsOnTime({ terms }: Filter): boolean {
  return terms.some(({ test }) => test.kind === 'compare' && fieldOf(test.field)?.kind === 'age')
}

function compileTest(test: FilterTest): NodeTest {
  if (test.kind === 'free') {
    const part = test.text.toLowerCase()
    return (node) => hasText(node, part)
  }
  const field = fieldOf(test.field)
  if (!field) return () => false
  if (field.kind === 'text') {
    if (test.kind !== 'text') return () => false
    const fits = test.values.map((value) => valueTest(field, value.toLowerCase()))
    return (node) => field.read(node).some((own) => own !== '' && fits.some((fit) => fit(own.toLowerCase())))
  }
  if (test.kind === 'not-known') return (node, now) => field.read(node, now) === null
  if (test.kind !== 'compare') return () => false
  const compare = comparisons[test.sign]
  return (node, now) => {
    const own = field.read(node, now)
    return own !== null && compare(own, test.value)
  }
}

const comparisons: Record<CompareSign, (own: number, value: number) => boolean> = {
  '=': (own, value) => own === value,
  '<': (own, value) => own < value,
  '>': (own, value) => own > value,
  '<=': (own, value) => own <= value,
  '>=': (own, value) => own >= value,
}

/** Free words are looked for in what a person may have in mind. */
function hasText(node: FleetNodeJson, part: string): boolean {
  const has = (text: string) => text.toLowerCase().includes(part)
  return (
    has(node.id) ||
    has(node.pool) ||
    has(node.rack) ||
    has(node.type) ||
    has(node.gpu_type) ||
    has(node.reason) ||
    has(node.state) ||
    node.users.some(has) ||
    node.partitions.some(has) ||
    node.jobs.includes(part)
  )
}

function valueTest({ match }: TextField, value: string): (own: string) => boolean {
  if (match === 'part') return (own) => own.includes(value)
  if (match === 'begin') return (own) => own.startsWith(value)
  if (value.includes('*')) return wildcard(value)
  if (match === 'name') {
    const number = value.replace(/^0+(?=\d)/, '')
    return (own) => own === value || own.replace(/^[^\d]*0*(?=\d)/, '') === number
  }
  // "812" is all tasks of an array of that number too.
  return (own) => own === value || (/^\d+$/.test(value) && own.startsWith(`${value}_`))
}

/** `*` stands for anything; matched part by part, so that no text takes long. */
function wildcard(pattern: string): (own: string) => boolean {
  const parts = pattern.split('*')
  const first = parts[0] ?? ''
  const last = parts.at(-1) ?? ''
  return (own) => {
    if (!own.startsWith(first) || !own.endsWith(last) || own.length < first.length + last.length) return false
    const end = own.length - last.length
    let from = first.length
    for (const part of parts.slice(1, -1)) {
      const found = own.indexOf(part, from)
      if (found < 0 || found + part.length > end) return false
      from = found + part.length
    }
    return true
  }
}
