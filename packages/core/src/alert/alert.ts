import type { MetricName } from './alert-metrics.ts'
import type { AlertRule, Condition, Labels, Severity } from './alert-rule.ts'

export interface Acknowledgement {
  by: string
  at: number
  note: string
}

/** What became of a message that told of an alert. */
export interface Told {
  /** Id of the message. */
  message: string
  receiver: string
  /** ms since the epoch. */
  at: number
  state: 'sent' | 'failed'
  /** Why it failed; "" when it did not. */
  error: string
}

/** One thing that is wrong, from its first sight to its end. Times in ms since the epoch. */
export interface Alert {
  /** Of this occurrence. */
  id: string
  ruleId: string
  /** The rule's name; what else is copied is as it was when the alert was last judged. */
  rule: string
  metric: MetricName
  condition: Condition
  threshold: number
  forMs: number
  severity: Severity
  /** Tells the values of a metric apart; with the rule, what this alert is about. */
  key: string
  labels: Labels
  /** `pending`: the condition holds, not yet for as long as the rule wants. */
  state: 'pending' | 'firing' | 'resolved'
  /** The last one for which the condition held. */
  value: number
  /** What its source says of it, e.g. "XID 79: GPU has fallen off the bus". */
  note: string
  startedAt: number
  /** `startedAt`, moved on by the time in which the value was not known. */
  heldSince: number
  /** Since when the value is not known. */
  unknownSince?: number
  /** Since when a firing alert's condition does not hold, moved on likewise. */
  clearSince?: number
  firedAt?: number
  resolvedAt?: number
  /** Why it is over. */
  resolvedReason: string
  acknowledged?: Acknowledgement
  /** The last messages about it, newest first, as far as nothing else keeps what became of them. */
  told?: readonly Told[]
}

/** A value of a metric. */
export interface Reading {
  /** Tells the metric's values apart. */
  key: string
  labels: Labels
  /** Undefined: it is there, and not known now. */
  value: number | undefined
  /** What the source says of it, for the summary. */
  note?: string
}

/** What is known of a metric. */
export interface Readings {
  values: readonly Reading[]
  /** Why `values` is not all: what is not among them is unknown, not gone. */
  problem?: string
}

/** What an alert is about, whatever its occurrence. */
export function alertKey(rule: Pick<AlertRule, 'id'>, key: string): string {
  return `${rule.id}\n${key}`
}

export function isOpen(alert: Pick<Alert, 'state'>): boolean {
  return alert.state !== 'resolved'
}
