import { durationRule, formatDuration, parseDuration } from '@navarch/core/duration'
import { isName, nameRule } from '@navarch/core/names'
import { nearestWord } from '../nearest.ts'
import type { ScalarNode, SourceNode } from '../source-tree.ts'
import { type JsonSchema, type Reader, type Schema, showNode } from './schema.ts'

function scalar<T>(
  rule: string,
  json: JsonSchema,
  parse: (node: ScalarNode) => T | undefined,
  options: { format?: (value: T) => string; mayBeSecret?: boolean } = {},
): Schema<T> {
  return {
    rule,
    read(node: SourceNode, path: string, reader: Reader) {
      if (!reader.visit(node.place, path)) return undefined
      const value = node.kind === 'scalar' ? parse(node) : undefined
      if (value === undefined) {
        const shown = options.mayBeSecret ? '' : `, not ${showNode(node)}`
        reader.error(node.place, path, `must be ${rule}${shown}`)
      }
      return value
    },
    format: options.format ?? String,
    jsonSchema: () => json,
  }
}

/** One line of text that satisfies `accept`. */
export function text(
  rule = 'a line of text',
  accept: (value: string) => boolean = () => true,
  json: JsonSchema = {},
  options: { mayBeSecret?: boolean } = {},
): Schema<string> {
  return scalar(
    rule,
    { type: 'string', minLength: 1, ...json },
    ({ value }) =>
      typeof value === 'string' && value !== '' && !/\p{Cc}/u.test(value) && accept(value) ? value : undefined,
    options,
  )
}

/** A label's value: numbers and booleans are taken as they are written. */
export function labelValue(): Schema<string> {
  return scalar('a line of text', { type: ['string', 'number', 'boolean'] }, ({ value, source }) => {
    if (typeof value === 'number' || typeof value === 'boolean') return source
    return typeof value === 'string' && !/\p{Cc}/u.test(value) ? value : undefined
  })
}

/** A name as pools, providers and nodes have them. */
export function name(): Schema<string> {
  return text(nameRule, isName, { pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$' })
}

/** The name of an environment variable. What is written instead is not shown: it may be the secret itself. */
export function environmentName(): Schema<string> {
  const pattern = /^[A-Za-z_][A-Za-z0-9_]*$/
  const rule = 'the name of an environment variable, such as LAMBDA_API_KEY'
  return text(rule, (value) => pattern.test(value), { pattern: pattern.source }, { mayBeSecret: true })
}

/** A word of a provider, such as a region: it may stand in setup commands, so it is one that no shell misreads. */
export function providerWord(): Schema<string> {
  const pattern = /^[A-Za-z0-9][A-Za-z0-9._:/@+=,-]*$/
  return text('letters, digits and "._:/@+=,-", starting with a letter or digit', (value) => pattern.test(value), {
    pattern: pattern.source,
  })
}

/** A user's name on a Unix machine. */
export function userName(): Schema<string> {
  const pattern = /^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/
  return text('a user name: letters, digits, "_", "." and "-"', (value) => pattern.test(value), {
    pattern: pattern.source,
  })
}

/** A host name, IPv4 or IPv6 address. */
export function hostAddress(): Schema<string> {
  const pattern = /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$|^[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*$/
  return text('a host name or an IP address', (value) => value.length <= 253 && pattern.test(value), {
    pattern: pattern.source,
  })
}

/** A whole number within limits. */
export function integer(limits: { min: number; max?: number }): Schema<number> {
  const { min, max } = limits
  const rule = max === undefined ? `a whole number of at least ${min}` : `a whole number from ${min} to ${max}`
  return scalar(rule, { type: 'integer', minimum: min, ...(max !== undefined && { maximum: max }) }, ({ value }) =>
    Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= (max ?? Number.MAX_SAFE_INTEGER)
      ? Number(value)
      : undefined,
  )
}

/** A number within limits, fractions included. */
export function number(limits: { min: number; max: number }): Schema<number> {
  const { min, max } = limits
  return scalar(`a number from ${min} to ${max}`, { type: 'number', minimum: min, maximum: max }, ({ value }) =>
    typeof value === 'number' && value >= min && value <= max ? value : undefined,
  )
}

export function boolean(): Schema<boolean> {
  return scalar('true or false', { type: 'boolean' }, ({ value }) => (typeof value === 'boolean' ? value : undefined))
}

/** A duration in Go's notation, in milliseconds; at least `minMs`. */
export function duration(minMs = 0): Schema<number> {
  const rule = minMs > 0 ? `${durationRule}, at least ${formatDuration(minMs)}` : durationRule
  const pattern = '^(0|((\\d+(\\.\\d*)?|\\.\\d+)(ns|us|µs|μs|ms|s|m|h))+)$'
  return scalar(
    rule,
    minMs > 0 ? { type: 'string', pattern } : { anyOf: [{ type: 'string', pattern }, { const: 0 }] },
    ({ value }) => {
      const ms = typeof value === 'string' ? parseDuration(value) : value === 0 ? 0 : undefined
      const whole = ms === undefined ? Number.NaN : Math.round(ms)
      return whole >= minMs && Number.isSafeInteger(whole) ? whole : undefined
    },
    { format: formatDuration },
  )
}

/** One of a few words; a misspelt one is told the nearest. */
export function choice<const W extends string>(words: readonly W[], options: { ignoreCase?: boolean } = {}): Schema<W> {
  const find = (value: string) =>
    words.find((word) => word === value || (options.ignoreCase && word === value.toLowerCase()))
  const rule = `one of ${words.join(', ')}`
  return {
    rule,
    read(node, path, reader) {
      if (!reader.visit(node.place, path)) return undefined
      const given = node.kind === 'scalar' && typeof node.value === 'string' ? node.value : undefined
      const word = given === undefined ? undefined : find(given)
      if (word === undefined) {
        const near = given === undefined ? undefined : nearestWord(given, words)
        const hint = near === undefined ? '' : `; did you mean "${near}"?`
        reader.error(node.place, path, `must be ${rule}, not ${showNode(node)}${hint}`)
      }
      return word
    },
    format: String,
    jsonSchema: () =>
      options.ignoreCase
        ? { type: 'string', pattern: `^(${words.map((word) => caseless(word)).join('|')})$` }
        : { type: 'string', enum: [...words] },
  }
}

function caseless(word: string): string {
  return [...word].map((letter) => `[${letter.toLowerCase()}${letter.toUpperCase()}]`).join('')
}
