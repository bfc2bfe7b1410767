import type { AlertHistoryJson, AlertJson, AlertRuleJson, SilenceJson } from '@navarch/api/alerts'
import type { Alert } from '@navarch/core/alert/alert'
import { metricDefinition } from '@navarch/core/alert/alert-metrics'
import { type AlertRoute, groupOf, routeDefaults, routesOf } from '@navarch/core/alert/alert-route'
import type { AlertRule } from '@navarch/core/alert/alert-rule'
import { summaryOf } from '@navarch/core/alert/alert-words'
import { type Silence, silenceState } from '@navarch/core/alert/silence'
import type { Muting } from '../alerts/alert-judge.ts'
import type { AlertHistoryEvent } from '../store/alerts/alert-records.ts'
import { time } from './render.ts'

export interface AlertJsonContext {
  routes: readonly AlertRoute[]
  rule: (id: string) => AlertRule | undefined
  operationOf: (alert: Alert) => string | undefined
  proposalOf: (alert: Alert) => string | undefined
  muting: Muting
  notified: (alert: Alert) => AlertJson['notified']
}

/** What an alert is told together with, by the first of its routes. */
export function groupOfAlert(alert: Alert, routes: readonly AlertRoute[]): string {
  return groupOf(alert, routesOf(alert, routes)[0] ?? routeDefaults)
}

export function alertJson(alert: Alert, context: AlertJsonContext): AlertJson {
  const { meaning = '', action = '', runbookUrl } = context.rule(alert.ruleId) ?? {}
  const { acknowledged } = alert
  return {
    id: alert.id,
    rule: alert.rule,
    severity: alert.severity,
    state: alert.state,
    labels: { ...alert.labels },
    value: alert.value,
    unknown_since: alert.unknownSince === undefined ? null : time(alert.unknownSince),
    unit: metricDefinition(alert.metric).unit,
    condition: alert.condition,
    threshold: alert.threshold,
    summary: summaryOf(alert),
    meaning,
    action,
    runbook_url: runbookUrl ?? null,
    being_handled: alert.state === 'resolved' ? null : (context.operationOf(alert) ?? null),
    awaits_approval: alert.state === 'resolved' ? null : (context.proposalOf(alert) ?? null),
    started_at: time(alert.startedAt),
    fired_at: alert.firedAt === undefined ? null : time(alert.firedAt),
    resolved_at: alert.resolvedAt === undefined ? null : time(alert.resolvedAt),
    resolved_reason: alert.resolvedReason,
    acknowledged: acknowledged ? { ...acknowledged, at: time(acknowledged.at) } : null,
    silenced_by: context.muting.silenced.get(alert.id) ?? null,
    inhibited_by: context.muting.inhibited.get(alert.id) ?? null,
    group: groupOfAlert(alert, context.routes),
    notified: context.notified(alert),
  }
}

export function ruleJson(
  rule: AlertRule,
  counts: { pending: number; firing: number; problem: string | null },
): AlertRuleJson {
  return {
    id: rule.id,
    name: rule.name,
    metric: rule.metric,
    condition: rule.condition,
    threshold: rule.threshold,
    duration: rule.forMs / 1000,
    resolve_after: rule.resolveAfterMs / 1000,
    node_filter: rule.nodeFilter ?? null,
    labels: { ...rule.labels },
    severity: rule.severity,
    meaning: rule.meaning,
    action: rule.action,
    runbook_url: rule.runbookUrl ?? null,
    inhibited_by: [...rule.inhibitedBy],
    enabled: rule.enabled,
    unit: metricDefinition(rule.metric).unit,
    source: rule.source,
    ...counts,
    created_at: rule.createdAt === undefined ? null : time(rule.createdAt),
    updated_at: rule.updatedAt === undefined ? null : time(rule.updatedAt),
  }
}

export function silenceJson(silence: Silence, alerts: number, now: number): SilenceJson {
  return {
    id: silence.id,
    matchers: silence.matchers.map((matcher) => ({ ...matcher })),
    reason: silence.reason,
    by: silence.by,
    created_at: time(silence.createdAt),
    starts_at: time(silence.startsAt),
    ends_at: time(silence.endsAt),
    state: silenceState(silence, now),
    alerts,
  }
}

export function historyJson(event: AlertHistoryEvent): AlertHistoryJson {
  const { seq, at, alert, rule, severity, labels, value, text, by } = event
  return { seq, at: time(at), alert, rule, severity, labels: { ...labels }, event: event.event, value, text, by }
}
