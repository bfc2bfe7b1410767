import { type Alert, alertKey, isOpen, type Reading, type Readings } from './alert.ts'
import type { MetricName } from './alert-metrics.ts'
import type { AlertRule, Labels } from './alert-rule.ts'
import { safePattern } from './safe-pattern.ts'
import { resolved, type Sight, stepAlert } from './step-alert.ts'

export interface EvaluationInput {
  /** Those in force, each name once; disabled ones count as not there. */
  rules: readonly AlertRule[]
  /** Open alerts by `alertKey`. */
  open: ReadonlyMap<string, Alert>
  /** What is known of a metric; asked once for each metric that a rule is about. */
  readings: (metric: MetricName) => Readings
  now: number
  newId: () => string
}

export interface AlertEvent {
  kind: 'fired' | 'resolved'
  alert: Alert
}

export interface Evaluation {
  /** Open alerts by `alertKey`, after this look. */
  open: Map<string, Alert>
  /** Alerts that must be stored: begun, in another state, or with other times. */
  changed: Alert[]
  /** Alerts that were pending and are no more. */
  dropped: Alert[]
  events: AlertEvent[]
  /** Why nothing, or not all, can be said, by rule id. */
  problems: Map<string, string>
}

/** Judges every value by every rule that is about it. */
export function evaluateRules(input: EvaluationInput): Evaluation {
  const work = evaluateInParts(input)
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
  }
}

/** Values that are judged in one part. */
const partSize = 2_000

/** As `evaluateRules`, in parts: others may have the processor between them. What comes of it is the same. */
export function* evaluateInParts({
  rules,
  open,
  readings,
  now,
  newId,
}: EvaluationInput): Generator<undefined, Evaluation> {
  const result: Evaluation = { open: new Map(), changed: [], dropped: [], events: [], problems: new Map() }
  const known = memo(readings)
  const enabled = rules.filter((rule) => rule.enabled)
  const openByRule = Map.groupBy([...open.values()].filter(isOpen), (alert) => alert.ruleId)

  const keep = (before: Alert | undefined, after: Alert | undefined, event?: AlertEvent['kind']) => {
    if (after && isOpen(after)) result.open.set(alertKey({ id: after.ruleId }, after.key), after)
    if (after && event) result.events.push({ kind: event, alert: after })
    if (!after && before) result.dropped.push(before)
    if (after && (!before || differs(before, after))) result.changed.push(after)
  }

  for (const rule of enabled) {
    const { values, problem } = known(rule.metric)
    if (problem !== undefined) result.problems.set(rule.id, problem)
    const unseen = new Map(openByRule.get(rule.id)?.map((alert) => [alert.key, alert]))
    const judge = (alert: Alert | undefined, sight: Sight) => {
      const { alert: after, event } = stepAlert(alert, rule, sight, { now, newId })
      keep(alert, after, event)
    }
    const matches = matcherOf(rule)
    let judged = 0
    for (const reading of values) {
      judged += 1
      if (judged % partSize === 0) yield
      if (!matches(reading.labels)) continue
      const alert = unseen.get(reading.key)
      unseen.delete(reading.key)
      judge(alert, { kind: 'seen', reading })
    }
    const matched = new Set(unseen.size === 0 ? [] : values.map((reading: Reading) => reading.key))
    for (const alert of unseen.values()) {
      if (matched.has(alert.key)) {
        const after = resolved(alert, now, 'the rule is not about it any more')
        end(alert, after)
      } else judge(alert, { kind: problem === undefined ? 'gone' : 'unknown' })
    }
    yield
  }

  function end(before: Alert, after: Alert): void {
    if (before.state === 'pending') result.dropped.push(before)
    else keep(before, after, 'resolved')
  }

  const inForce = new Set(enabled.map((rule) => rule.id))
  for (const [ruleId, alerts] of openByRule) {
    if (inForce.has(ruleId)) continue
    for (const alert of alerts) end(alert, resolved(alert, now, 'the rule was changed, turned off or removed'))
  }
  return result
}

/** Whether a value is one that the rule is about. A filter for nodes leaves out what has none. */
function matcherOf(rule: AlertRule): (labels: Labels) => boolean {
  const wanted = Object.entries(rule.labels)
  const filter = rule.nodeFilter === undefined ? undefined : safePattern(rule.nodeFilter)
  return (labels) => {
    if (rule.nodeFilter !== undefined && !filter?.test(labels['node'] ?? '')) return false
    return wanted.every(([label, value]) => labels[label] === value)
  }
}

/** Whether an alert must be stored again: its value alone is in memory. */
function differs(before: Alert, after: Alert): boolean {
  return (
    before.state !== after.state ||
    before.unknownSince !== after.unknownSince ||
    before.clearSince !== after.clearSince ||
    before.severity !== after.severity ||
    before.rule !== after.rule
  )
}

function memo(readings: (metric: MetricName) => Readings): (metric: MetricName) => Readings {
  const known = new Map<MetricName, Readings>()
  return (metric) => {
    const found = known.get(metric) ?? readings(metric)
    known.set(metric, found)
    return found
  }
}

/**
 * Alerts as they were when a control plane stopped: what happened since is not known, so that time counts for nothing.
 * @param stoppedAt when they were last judged
 */
export function afterPause(alerts: readonly Alert[], stoppedAt: number): Alert[] {
  return alerts.map((alert) =>
    isOpen(alert) ? { ...alert, unknownSince: Math.max(alert.startedAt, alert.unknownSince ?? stoppedAt) } : alert,
  )
}
