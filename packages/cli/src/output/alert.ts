import type {
  AlertHistoryJson,
  AlertJson,
  AlertMetricJson,
  AlertReceiverJson,
  AlertRuleJson,
  SilenceJson,
} from '@navarch/api/alerts'
import { matcherText } from '../commands/alert/matcher-text.ts'
import { formatAge, formatSpan } from './age.ts'
import type { Tone } from './style.ts'
import { type Cell, type Column, renderFields, renderTable, type TableOptions } from './table.ts'

const severityTones: Record<AlertJson['severity'], Tone> = { critical: 'bad', warning: 'warning', info: 'change' }

function severityCell({ severity }: Pick<AlertJson, 'severity'>): Cell {
  return { text: severity, tone: severityTones[severity] }
}

/** What an alert is, and what mutes it or who is at it. */
function stateText(alert: AlertJson): string {
  if (alert.state === 'resolved') return 'over'
  const parts = [
    alert.state,
    ...(alert.silenced_by === null ? [] : ['silenced']),
    ...(alert.inhibited_by === null ? [] : ['explained']),
    ...(alert.acknowledged === null ? [] : [`acknowledged by ${alert.acknowledged.by}`]),
    ...(alert.unknown_since === null ? [] : ['value unknown']),
  ]
  return parts.join(', ')
}

export function alertTable(alerts: readonly AlertJson[], now: number, wide: boolean, options: TableOptions): string {
  const columns: Column<AlertJson>[] = [
    { header: 'ALERT', cell: (alert) => alert.id },
    { header: 'SEVERITY', cell: severityCell },
    { header: 'RULE', cell: (alert) => alert.rule },
    { header: 'STATE', cell: stateText },
    { header: 'SINCE', cell: (alert) => formatAge(alert.fired_at ?? alert.started_at, now) },
    { header: 'OPERATION', cell: operationText },
    ...(wide ? [{ header: 'GROUP', cell: (alert: AlertJson) => alert.group }] : []),
    { header: 'SUMMARY', cell: (alert) => alert.summary },
  ]
  return renderTable(columns, alerts, options)
}

/** The operation that is at it, or would be if somebody approved it. */
function operationText({ being_handled, awaits_approval }: AlertJson): string {
  return being_handled ?? (awaits_approval === null ? '-' : `${awaits_approval}, to approve`)
}

export function historyTable(events: readonly AlertHistoryJson[], now: number, options: TableOptions): string {
  const columns: Column<AlertHistoryJson>[] = [
    { header: 'WHEN', cell: (event) => formatAge(event.at, now) },
    { header: 'EVENT', cell: (event) => event.event },
    { header: 'RULE', cell: (event) => event.rule || '-' },
    { header: 'NODE', cell: (event) => event.labels['node'] ?? '-' },
    { header: 'BY', cell: (event) => event.by || '-' },
    { header: 'TEXT', cell: (event) => event.text || '-' },
  ]
  return renderTable(columns, events, options)
}

export function describeAlert(
  alert: AlertJson,
  events: readonly AlertHistoryJson[],
  now: number,
  options: TableOptions,
): string {
  const { acknowledged } = alert
  const fields: (readonly [string, Cell])[] = [
    ['Alert', alert.id],
    ['Summary', alert.summary],
    ['Severity', severityCell(alert)],
    ['State', stateText(alert)],
    ['Rule', alert.rule],
    ['Labels', labelText(alert.labels) || '-'],
    ['Group', alert.group],
    ['Means', alert.meaning || '-'],
    ['To do', alert.action || '-'],
    ...(alert.runbook_url === null ? [] : [['Runbook', alert.runbook_url] as const]),
    ['Operation', alert.being_handled === null ? '-' : `${alert.being_handled}: Navarch is at it`],
    ...(alert.awaits_approval === null
      ? []
      : [['To approve', `${alert.awaits_approval}: navarch operation approve ${alert.awaits_approval}`] as const]),
    ['Began', formatAge(alert.started_at, now)],
    ['Fired', alert.fired_at === null ? '-' : formatAge(alert.fired_at, now)],
    ...(alert.resolved_at === null
      ? []
      : [['Over', `${formatAge(alert.resolved_at, now)}: ${alert.resolved_reason}`] as const]),
    ...(acknowledged === null
      ? []
      : [
          [
            'Acknowledged',
            [`by ${acknowledged.by} ${formatAge(acknowledged.at, now)}`, acknowledged.note].filter(Boolean).join(': '),
          ] as const,
        ]),
    ...(alert.silenced_by === null ? [] : [['Silenced by', alert.silenced_by] as const]),
    ...(alert.inhibited_by === null ? [] : [['Explained by', alert.inhibited_by] as const]),
    ...alert.notified.map(({ receiver, at, state, error }): [string, string] => [
      'Told',
      `${receiver} ${formatAge(at, now)}: ${state}${error ? ` (${error})` : ''}`,
    ]),
  ]
  const told = events.length === 0 ? '' : `\n${historyTable(events, now, options)}`
  return `${renderFields(fields, options)}${told}`
}

function labelText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([label, value]) => `${label}=${value}`)
    .join(' ')
}

export function silenceTable(silences: readonly SilenceJson[], now: number, options: TableOptions): string {
  const columns: Column<SilenceJson>[] = [
    { header: 'SILENCE', cell: (silence) => silence.id },
    { header: 'STATE', cell: (silence) => silence.state },
    { header: 'END', cell: (silence) => endText(silence, now) },
    { header: 'ALERTS', cell: (silence) => String(silence.alerts), right: true },
    { header: 'BY', cell: (silence) => silence.by },
    { header: 'MATCHES', cell: (silence) => silence.matchers.map(matcherText).join(' ') },
    { header: 'REASON', cell: (silence) => silence.reason },
  ]
  return renderTable(columns, silences, options)
}

function endText({ ends_at, state }: SilenceJson, now: number): string {
  return state === 'over' ? formatAge(ends_at, now) : `in ${formatSpan(Date.parse(ends_at) - now)}`
}

const signs = { gt: '>', lt: '<', eq: '=', gte: '>=', lte: '<=' } as const

export function ruleTable(rules: readonly AlertRuleJson[], wide: boolean, options: TableOptions): string {
  const columns: Column<AlertRuleJson>[] = [
    { header: 'RULE', cell: (rule) => rule.name },
    { header: 'SEVERITY', cell: severityCell },
    { header: 'FIRES', cell: (rule) => String(rule.firing), right: true },
    { header: 'PENDING', cell: (rule) => String(rule.pending), right: true },
    { header: 'SOURCE', cell: (rule) => (rule.enabled ? rule.source : `${rule.source}, off`) },
    ...(wide ? [{ header: 'ID', cell: (rule: AlertRuleJson) => rule.id }] : []),
    { header: 'WHEN', cell: whenText },
  ]
  return renderTable(columns, rules, options)
}

function whenText(rule: AlertRuleJson): string {
  const time = rule.duration > 0 ? ` for ${formatSpan(rule.duration * 1000)}` : ''
  const filter = rule.node_filter === null ? '' : ` on ${rule.node_filter}`
  const labels = labelText(rule.labels)
  const unit = rule.unit === '' ? '' : ` ${rule.unit}`
  const problem = rule.problem === null ? '' : ` (unknown: ${rule.problem})`
  return `${rule.metric} ${signs[rule.condition]} ${rule.threshold}${unit}${time}${filter}${labels && ` with ${labels}`}${problem}`
}

export function metricTable(metrics: readonly AlertMetricJson[], options: TableOptions): string {
  const columns: Column<AlertMetricJson>[] = [
    { header: 'METRIC', cell: (metric) => metric.name },
    { header: 'PER', cell: (metric) => metric.per },
    { header: 'UNIT', cell: (metric) => metric.unit || '-' },
    { header: 'LABELS', cell: (metric) => metric.labels.join(',') || '-' },
    { header: 'IS', cell: (metric) => metric.description },
  ]
  return renderTable(columns, metrics, options)
}

export function receiverTable(receivers: readonly AlertReceiverJson[], now: number, options: TableOptions): string {
  const columns: Column<AlertReceiverJson>[] = [
    { header: 'RECEIVER', cell: (receiver) => receiver.name },
    { header: 'TYPE', cell: (receiver) => receiver.type },
    { header: 'SENT', cell: (receiver) => formatAge(receiver.last_sent_at, now) },
    { header: 'WAITING', cell: (receiver) => String(receiver.waiting), right: true },
    { header: 'TO', cell: (receiver) => receiver.target },
    { header: 'ERROR', cell: (receiver) => (receiver.error === '' ? '-' : { text: receiver.error, tone: 'bad' }) },
  ]
  return renderTable(columns, receivers, options)
}
