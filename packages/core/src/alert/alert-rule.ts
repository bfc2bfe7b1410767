import type { MetricName } from './alert-metrics.ts'

export const conditions = ['gt', 'lt', 'eq', 'gte', 'lte'] as const
export type Condition = (typeof conditions)[number]

/** From the mildest to the gravest. */
export const severities = ['info', 'warning', 'critical'] as const
export type Severity = (typeof severities)[number]

export type Labels = Readonly<Record<string, string>>

/** When something is wrong, and what a person is told of it. */
export interface AlertRule {
  id: string
  /** Unique among the rules that hold. */
  name: string
  metric: MetricName
  condition: Condition
  threshold: number
  /** How long the condition must hold before it fires, ms. */
  forMs: number
  /** How long it must not hold before it is over, ms: what comes and goes within that is one alert. */
  resolveAfterMs: number
  /** A regular expression for the name of the node; undefined: any. */
  nodeFilter?: string
  /** Labels that a value must have. */
  labels: Labels
  severity: Severity
  /** What it means, in a sentence. */
  meaning: string
  /** What to do, in a sentence or two. */
  action: string
  runbookUrl?: string
  /** Rules that explain this one. */
  inhibitedBy: readonly string[]
  enabled: boolean
  source: 'default' | 'config' | 'api'
  /** ms; of rules that were made over the API. */
  createdAt?: number
  updatedAt?: number
}

/** Longest time that an alert is kept waiting for its end by itself, ms. */
const longestResolveMs = 5 * 60_000

/** How long a condition must not hold where the rule does not say: as long as it must hold, at most five minutes. */
export function defaultResolveAfter(forMs: number): number {
  return Math.min(forMs, longestResolveMs)
}

export function holds(condition: Condition, value: number, threshold: number): boolean {
  switch (condition) {
    case 'gt':
      return value > threshold
    case 'lt':
      return value < threshold
    case 'eq':
      return value === threshold
    case 'gte':
      return value >= threshold
    case 'lte':
      return value <= threshold
  }
}

/** Rules by name; of those with the same name the last one holds. */
export function rulesInForce(...sources: readonly (readonly AlertRule[])[]): AlertRule[] {
  const byName = new Map<string, AlertRule>()
  for (const rule of sources.flat()) {
    byName.delete(rule.name)
    byName.set(rule.name, rule)
  }
  return [...byName.values()]
}
