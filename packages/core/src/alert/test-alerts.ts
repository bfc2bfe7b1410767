import type { Alert } from './alert.ts'
import type { AlertRoute } from './alert-route.ts'
import type { AlertRule } from './alert-rule.ts'

/** A rule for tests: hotter than 80 °C. */
export function ruleOf(change: Partial<AlertRule> = {}): AlertRule {
  return {
    id: 'r1',
    name: 'Hot',
    metric: 'gpu_temperature',
    condition: 'gt',
    threshold: 80,
    forMs: 0,
    resolveAfterMs: 0,
    labels: {},
    severity: 'warning',
    meaning: 'It is hot.',
    action: 'Cool it.',
    inhibitedBy: [],
    enabled: true,
    source: 'config',
    ...change,
  }
}

export function alertOf(change: Partial<Alert> = {}): Alert {
  return {
    id: 'a1',
    ruleId: 'r1',
    rule: 'Hot',
    metric: 'gpu_temperature',
    condition: 'gt',
    threshold: 80,
    forMs: 0,
    severity: 'warning',
    key: 'n1/0',
    labels: { node: 'n1', gpu: '0' },
    state: 'firing',
    value: 90,
    note: '',
    startedAt: 0,
    heldSince: 0,
    firedAt: 0,
    resolvedReason: '',
    ...change,
  }
}

export function routeOf(change: Partial<AlertRoute> = {}): AlertRoute {
  return {
    name: 'default',
    matchers: [],
    receivers: ['chat'],
    groupBy: ['rule', 'pool'],
    groupWaitMs: 10_000,
    groupIntervalMs: 300_000,
    repeatIntervalMs: 14_400_000,
    sendResolved: true,
    escalation: [],
    continue: false,
    ...change,
  }
}

/** Ids in their order: "x1", "x2", … */
export function idsOf(prefix = 'x'): () => string {
  let last = 0
  return () => `${prefix}${++last}`
}
