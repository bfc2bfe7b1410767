import { counted, listed } from '../count-words.ts'
import { spanText } from '../job/phrases.ts'
import type { Alert } from './alert.ts'
import type { AlertRule, Labels, Severity } from './alert-rule.ts'
import { subjectOf, summaryOf } from './alert-words.ts'
import type { Notification } from './plan-notifications.ts'

/** What a receiver is told, as plain data: it is stored until it is delivered. Times in ms since the epoch. */
export interface AlertMessage {
  kind: Notification['kind'] | 'test'
  /** Of this message; the same one sent twice has the same. */
  id: string
  /** Of the group while it lasts: what a receiver knows the incident by. */
  groupId: string
  group: string
  route: string
  severity: Severity
  /** One line. */
  title: string
  /** The lines under it. */
  text: string
  at: number
  /** Alerts that fire, and how many are new and how many are over since the last message. */
  firing: number
  fresh: number
  over: number
  /** Level of escalation, from 1; 0: none. */
  escalation: number
  /** Labels that all of them share. */
  labels: Labels
  /** The gravest ones, at most ten. */
  alerts: AlertInMessage[]
  /** How many more there are. */
  more: number
  /** Where to look; "" where nobody said how this control plane is reached. */
  url: string
}

export interface AlertInMessage {
  id: string
  rule: string
  severity: Severity
  labels: Labels
  summary: string
  meaning: string
  action: string
  runbookUrl: string
  /** The operation that is at it, or "". */
  operation: string
  startedAt: number
  firedAt: number | null
  resolvedAt: number | null
}

export interface MessageContext {
  id: string
  now: number
  rule: (id: string) => AlertRule | undefined
  /** The open operation that is at an alert. */
  operationOf: (alert: Alert) => string | undefined
  /** The operation that would be at it once a person approves it. */
  proposalOf: (alert: Alert) => string | undefined
  /** Base URL under which people reach the control plane. */
  url?: string
}

const mostListed = 10

/** The message that a notification is. */
export function messageOf(notification: Notification, context: MessageContext): AlertMessage {
  const { kind, group, alerts, fresh, over, escalation } = notification
  const [first] = alerts
  const listedAlerts = alerts.slice(0, mostListed).map((alert) => inMessage(alert, context))
  return {
    kind,
    id: context.id,
    groupId: group.id,
    group: group.group,
    route: group.route,
    severity: first?.severity ?? 'info',
    title: titleOf(notification),
    text: textOf(notification, listedAlerts, context),
    at: context.now,
    firing: kind === 'resolved' ? 0 : alerts.length,
    fresh,
    over,
    escalation,
    labels: sharedLabels(alerts),
    alerts: listedAlerts,
    more: alerts.length - listedAlerts.length,
    url: context.url === undefined ? '' : `${context.url}/alerts?group=${encodeURIComponent(group.group)}`,
  }
}

function titleOf({ kind, alerts, escalation, group, over }: Notification): string {
  const [only] = alerts
  const rules = [...new Set(alerts.map((alert) => alert.rule))]
  const what = rules.length === 1 ? rules[0] : rules.length === 0 ? group.group : counted(rules.length, 'rule')
  const which =
    alerts.length === 1 && only ? summaryOf(only) : `${counted(alerts.length || over, 'alert')}${placeText(alerts)}`
  if (kind === 'resolved') return `[resolved] ${what}: ${which}`
  const word = kind === 'acknowledged' ? 'acknowledged' : (only?.severity ?? 'info')
  return `[${word}${escalation > 0 ? `, escalation ${escalation}` : ''}] ${what}: ${which}`
}

/** "; all on switch s7", "; 812 of 1000 on switch s7": the narrowest place that most of them share. */
function placeText(alerts: readonly Alert[]): string {
  for (const label of ['node', 'switch', 'rack', 'partition', 'pool']) {
    const counts = new Map<string, number>()
    for (const { labels } of alerts) {
      const value = labels[label]
      if (value) counts.set(value, (counts.get(value) ?? 0) + 1)
    }
    const [top] = [...counts].sort((a, b) => b[1] - a[1])
    if (!top || top[1] < alerts.length * 0.8) continue
    const [value, count] = top
    const where = label === 'node' ? value : `${label} ${value}`
    return count === alerts.length ? `, all on ${where}` : `, ${count} of them on ${where}`
  }
  return ''
}

function textOf(
  { kind, alerts, fresh, over, escalation, repeated }: Notification,
  shown: readonly AlertInMessage[],
  { now, operationOf, proposalOf }: MessageContext,
): string {
  const lines: string[] = []
  const [first] = shown
  if (alerts.length > 1) {
    const subjects = [...new Set(alerts.map((alert) => subjectOf(alert.labels)).filter((subject) => subject !== ''))]
    if (subjects.length > 0) lines.push(`${counted(subjects.length, 'subject', 'subjects')}: ${listed(subjects, 5)}.`)
    for (const { summary } of shown.slice(0, 5)) lines.push(`- ${summary}`)
    if (alerts.length > 5) lines.push(`- and ${alerts.length - 5} more`)
  } else if (first) lines.push(first.summary)
  if (kind === 'resolved') return lines.join('\n')
  if (first?.meaning) lines.push(first.meaning)
  const handled = alerts.filter((alert) => operationOf(alert) !== undefined).length
  if (handled > 0) {
    const which = handled === alerts.length ? 'it' : `${handled} of ${alerts.length}`
    lines.push(`Navarch is at ${which}${first?.operation ? ` (operation ${first.operation})` : ''}.`)
  }
  const proposals = [...new Set(alerts.flatMap((alert) => proposalOf(alert) ?? []))]
  const [proposal] = proposals
  if (proposal !== undefined) {
    const which = proposals.length === 1 ? `Operation ${proposal} waits` : `${proposals.length} operations wait`
    lines.push(`${which} for approval: navarch operation approve ${proposal}`)
  }
  if (first?.action) lines.push(first.action)
  if (first?.runbookUrl) lines.push(first.runbookUrl)
  const unheeded = alerts.filter((alert) => !alert.acknowledged)
  if (escalation > 0 && unheeded.length > 0) {
    const which = unheeded.length === alerts.length ? 'it' : `${unheeded.length} of ${alerts.length}`
    lines.push(`Nobody has acknowledged ${which} for ${spanText(now - oldestOf(unheeded, now))}.`)
  } else if (repeated) lines.push(`Still so after ${spanText(now - oldestOf(alerts, now))}.`)
  if (over > 0) lines.push(`${counted(over, 'alert')} over since the last message, ${fresh} new.`)
  return lines.join('\n')
}

/** When the first of them began to fire, ms. */
function oldestOf(alerts: readonly Alert[], now: number): number {
  return alerts.reduce((least, { firedAt = now }) => Math.min(least, firedAt), Number.POSITIVE_INFINITY)
}

function inMessage(alert: Alert, { rule, operationOf }: MessageContext): AlertInMessage {
  const { meaning = '', action = '', runbookUrl = '' } = rule(alert.ruleId) ?? {}
  return {
    id: alert.id,
    rule: alert.rule,
    severity: alert.severity,
    labels: alert.labels,
    summary: summaryOf(alert),
    meaning,
    action,
    runbookUrl,
    operation: operationOf(alert) ?? '',
    startedAt: alert.startedAt,
    firedAt: alert.firedAt ?? null,
    resolvedAt: alert.resolvedAt ?? null,
  }
}

function sharedLabels(alerts: readonly Alert[]): Labels {
  const [first, ...others] = alerts
  const entries = Object.entries(first?.labels ?? {})
  return Object.fromEntries(entries.filter(([label, value]) => others.every(({ labels }) => labels[label] === value)))
}
