import type { Alert } from './alert.ts'
import { wholePattern } from './safe-pattern.ts'

/** What an alert must be like. `rule` and `severity` are labels here; a label that is absent is "". */
export interface Matcher {
  label: string
  op: '=' | '!=' | '=~' | '!~'
  value: string
}

/** Mutes what all of its matchers match, for a time, for a reason. Times in ms since the epoch. */
export interface Silence {
  id: string
  matchers: readonly Matcher[]
  reason: string
  by: string
  createdAt: number
  startsAt: number
  endsAt: number
}

type Matched = Pick<Alert, 'rule' | 'severity' | 'labels'>

export function matches(matchers: readonly Matcher[], alert: Matched): boolean {
  return matchers.every((matcher) => isMatch(matcher, labelOf(alert, matcher.label)))
}

function isMatch({ op, value }: Matcher, actual: string): boolean {
  switch (op) {
    case '=':
      return actual === value
    case '!=':
      return actual !== value
    case '=~':
      return patternOf(value)?.test(actual) ?? false
    case '!~':
      return !(patternOf(value)?.test(actual) ?? true)
  }
}

/** An alert's label, its rule's name and its severity among them. */
export function labelOf({ rule, severity, labels }: Matched, label: string): string {
  if (label === 'rule' || label === 'alertname') return rule
  return label === 'severity' ? severity : (labels[label] ?? '')
}

export function silenceState({ startsAt, endsAt }: Silence, now: number): 'waiting' | 'active' | 'over' {
  if (now >= endsAt) return 'over'
  return now < startsAt ? 'waiting' : 'active'
}

/** The silence that mutes an alert now: of several, the one that ends last. */
export function silenceOf(alert: Matched, silences: Iterable<Silence>, now: number): Silence | undefined {
  let found: Silence | undefined
  for (const silence of silences) {
    if (silenceState(silence, now) !== 'active' || !matches(silence.matchers, alert)) continue
    if (!found || silence.endsAt > found.endsAt) found = silence
  }
  return found
}

const patterns = new Map<string, RegExp | undefined>()
const mostPatterns = 1000

function patternOf(source: string): RegExp | undefined {
  if (patterns.has(source)) return patterns.get(source)
  if (patterns.size >= mostPatterns) patterns.clear()
  const pattern = wholePattern(source)
  patterns.set(source, pattern)
  return pattern
}

const written = /^\s*([A-Za-z_][\w.-]*)\s*(=~|!~|!=|=)\s*(.*?)\s*$/s

/** Reads `node=~"gpu-1.*"`, with or without quotes. @returns undefined when it is no matcher */
export function parseMatcher(text: string): Matcher | undefined {
  const [, label, op, quoted = ''] = written.exec(text) ?? []
  if (label === undefined || op === undefined) return undefined
  const value = /^"(.*)"$/s.exec(quoted)?.[1] ?? quoted
  return { label, op: op as Matcher['op'], value }
}

export function formatMatcher({ label, op, value }: Matcher): string {
  return `${label}${op}${/^[\w.:/-]+$/.test(value) ? value : JSON.stringify(value)}`
}
