import { nearestWord } from '@navarch/config/nearest'
import type { z } from 'zod'

/** Most problems that are told at once. */
const maxProblems = 20

/**
 * What is wrong with a value, one sentence each: the path, the rule and the value, e.g.
 * `gpus[0].vendor must be one of nvidia, amd, not "intel"`.
 */
export function problemsOf(value: unknown, issues: readonly z.core.$ZodIssue[]): string[] {
  return issues.slice(0, maxProblems).map((issue) => describe(value, issue))
}

function describe(value: unknown, { code, path, message }: z.core.$ZodIssue): string {
  const name = formatPath(path)
  if (code === 'unrecognized_keys') return `${message}${name === '' ? '' : ` in ${name}`}`
  const found = path.reduce<unknown>((at, key) => (isIndexable(at) ? at[key] : undefined), value)
  if (found === undefined && path.length > 0) return `${name} is missing: it ${message}`
  return `${name === '' ? 'it' : name} ${message}, not ${show(found)}`
}

/** What is said of keys that a record does not have. */
export function unknownKeys(keys: readonly string[], known: readonly string[]): string {
  return keys.map((key) => unknownKey(key, known)).join('; ')
}

function unknownKey(key: string, known: readonly string[]): string {
  const name = show(key)
  if (known.length === 0) return `unknown key ${name}; none is known here`
  const nearest = nearestWord(key.slice(0, 80), known)
  return `unknown key ${name}; ${nearest ? `did you mean ${nearest}?` : `known: ${known.join(', ')}`}`
}

function isIndexable(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === 'object' && value !== null
}

function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, key) =>
      typeof key === 'number' ? `${text}[${key}]` : `${text}${text === '' ? '' : '.'}${String(key).slice(0, 80)}`,
    '',
  )
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}
