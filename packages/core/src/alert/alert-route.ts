import type { Alert } from './alert.ts'
import { labelOf, type Matcher, matches } from './silence.ts'

/** Who is told of what, and when. Times in ms. */
export interface AlertRoute {
  name: string
  /** Alerts that it is for; none: all. */
  matchers: readonly Matcher[]
  receivers: readonly string[]
  /** Labels by which alerts are told together; `rule` and `severity` are labels too. */
  groupBy: readonly string[]
  /** How long the first alert of a group waits for others. */
  groupWaitMs: number
  /** Time between two messages of a group about what is new. */
  groupIntervalMs: number
  /** Time between two messages of a group about nothing new. */
  repeatIntervalMs: number
  sendResolved: boolean
  /** Who is told besides when nobody has acknowledged, and after how long. */
  escalation: readonly EscalationStep[]
  /** Whether the routes after it are looked at too. */
  continue: boolean
}

export interface EscalationStep {
  afterMs: number
  receivers: readonly string[]
}

const minuteMs = 60_000

/** What a route has where it does not say. Escalation times are those of the runbook's levels: 15 min, 1 h, 4 h. */
export const routeDefaults = {
  groupBy: ['rule', 'pool'],
  groupWaitMs: 10_000,
  groupIntervalMs: 5 * minuteMs,
  repeatIntervalMs: 4 * 60 * minuteMs,
  escalationMs: [15 * minuteMs, 60 * minuteMs, 4 * 60 * minuteMs],
} as const

/** The routes that an alert takes: the first that matches, and those after it while they say `continue`. */
export function routesOf(
  alert: Pick<Alert, 'rule' | 'severity' | 'labels'>,
  routes: readonly AlertRoute[],
): AlertRoute[] {
  const taken: AlertRoute[] = []
  for (const route of routes) {
    if (!matches(route.matchers, alert)) continue
    taken.push(route)
    if (!route.continue) break
  }
  return taken
}

/** What an alert is told together with, in words: "rule=NodeSilent, pool=train". */
export function groupOf(
  alert: Pick<Alert, 'rule' | 'severity' | 'labels'>,
  { groupBy }: Pick<AlertRoute, 'groupBy'>,
): string {
  return groupBy
    .map((label) => [label, labelOf(alert, label)] as const)
    .filter(([, value]) => value !== '')
    .map(([label, value]) => `${label}=${value}`)
    .join(', ')
}
