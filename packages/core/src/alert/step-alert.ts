import type { Alert, Reading } from './alert.ts'
import { type AlertRule, holds } from './alert-rule.ts'
import { valueText } from './alert-words.ts'

/**
 * What is known of an alert's value now: a reading, that it is not there any more, or that nobody knows.
 */
export type Sight = { kind: 'seen'; reading: Reading } | { kind: 'gone' } | { kind: 'unknown' }

export interface Step {
  /** The alert after this look; undefined: there is none. */
  alert: Alert | undefined
  /** What happened, where something did. */
  event?: 'fired' | 'resolved'
}

/**
 * What one look at one value makes of an alert:
 *
 *     none -> pending -> firing -> resolved
 *               |          |
 *               +-> none   +-> firing (holds again in time)
 *
 * It fires when the condition has held for `forMs`, and is over when it has not held for `resolveAfterMs`. A value that is not known
 * changes nothing, and the time for which it was not known counts for neither.
 * @param alert the open alert of this value, if there is one
 */
export function stepAlert(
  alert: Alert | undefined,
  rule: AlertRule,
  sight: Sight,
  context: { now: number; newId: () => string },
): Step {
  const { now } = context
  if (sight.kind === 'unknown' || (sight.kind === 'seen' && sight.reading.value === undefined)) {
    return { alert: alert && { ...alert, unknownSince: alert.unknownSince ?? now } }
  }
  const reading = sight.kind === 'seen' ? sight.reading : undefined
  const value = reading?.value
  const bad = value !== undefined && holds(rule.condition, value, rule.threshold)
  if (!alert) {
    return bad && reading ? begin(rule, reading, value, context) : { alert: undefined }
  }
  const known = judged(withoutUnknown(alert, now), rule)
  if (bad && reading) {
    const { labels, note = '' } = reading
    return withHolding({ ...known, value, note, labels }, rule, now)
  }
  if (known.state === 'pending') return { alert: undefined }
  const clearSince = known.clearSince ?? now
  if (now - clearSince < rule.resolveAfterMs) return { alert: { ...known, clearSince } }
  return {
    alert: resolved(known, now, value === undefined ? 'it is gone' : `now ${valueText(rule.metric, value)}`),
    event: 'resolved',
  }
}

/** Ends an alert whatever its value is. */
export function resolved(alert: Alert, now: number, reason: string): Alert {
  const { clearSince: _clear, unknownSince: _unknown, ...rest } = alert
  return { ...rest, state: 'resolved', resolvedAt: now, resolvedReason: reason }
}

function begin(
  rule: AlertRule,
  reading: Reading,
  value: number,
  { now, newId }: { now: number; newId: () => string },
): Step {
  const alert: Alert = {
    id: newId(),
    ruleId: rule.id,
    rule: rule.name,
    metric: rule.metric,
    condition: rule.condition,
    threshold: rule.threshold,
    forMs: rule.forMs,
    severity: rule.severity,
    key: reading.key,
    labels: reading.labels,
    state: 'pending',
    value,
    note: reading.note ?? '',
    startedAt: now,
    heldSince: now,
    resolvedReason: '',
  }
  return withHolding(alert, rule, now)
}

function withHolding(alert: Alert, rule: AlertRule, now: number): Step {
  const { clearSince: _, ...holding } = alert
  if (holding.state === 'pending' && now - holding.heldSince >= rule.forMs) {
    return { alert: { ...holding, state: 'firing', firedAt: now }, event: 'fired' }
  }
  return { alert: holding }
}

/** The alert with the time in which nothing was known taken out. */
function withoutUnknown(alert: Alert, now: number): Alert {
  const { unknownSince, ...known } = alert
  if (unknownSince === undefined) return alert
  const gap = Math.max(0, now - unknownSince)
  return {
    ...known,
    heldSince: known.heldSince + gap,
    ...(known.clearSince !== undefined && { clearSince: known.clearSince + gap }),
  }
}

/** The rule may have changed since. */
function judged(alert: Alert, { name, metric, condition, threshold, forMs, severity }: AlertRule): Alert {
  return { ...alert, rule: name, metric, condition, threshold, forMs, severity }
}
