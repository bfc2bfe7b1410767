import type { AlertJson, AlertSeverity } from '@navarch/api/alerts'
import { plural } from '../../lib/format.ts'

/** Alerts that are told together. */
export interface AlertGroup {
  key: string
  title: string
  severity: AlertSeverity
  alerts: AlertJson[]
}

const ranks: Record<AlertSeverity, number> = { info: 0, warning: 1, critical: 2 }

/** Open alerts by group, the gravest group first, in it the gravest and newest alert first. */
export function groupAlerts(alerts: readonly AlertJson[]): AlertGroup[] {
  const groups = new Map<string, AlertJson[]>()
  for (const alert of alerts) {
    if (alert.state === 'resolved') continue
    const known = groups.get(alert.group)
    if (known) known.push(alert)
    else groups.set(alert.group, [alert])
  }
  return [...groups]
    .map(([key, members]): AlertGroup => {
      const sorted = members.sort(
        (a, b) => ranks[b.severity] - ranks[a.severity] || b.started_at.localeCompare(a.started_at),
      )
      const first = sorted[0]
      const title =
        sorted.length === 1 ? (first?.summary ?? key) : `${first?.rule ?? key}: ${plural(sorted.length, 'alert')}`
      return { key, title, severity: first?.severity ?? 'info', alerts: sorted }
    })
    .sort((a, b) => ranks[b.severity] - ranks[a.severity] || a.key.localeCompare(b.key))
}

/** The answer of the page: whether somebody must do something. Silenced and acknowledged alerts ask for nothing new. */
export function alertsAnswer(open: readonly AlertJson[]): { answer: string; mood: 'good' | 'mending' | 'act' } {
  const firing = open.filter(({ state }) => state === 'firing')
  const quiet = firing.filter(({ silenced_by, acknowledged }) => silenced_by !== null || acknowledged !== null)
  const loud = firing.filter((alert) => !quiet.includes(alert))
  const mending = loud.filter(({ being_handled }) => being_handled !== null)
  const pending = open.length - firing.length
  if (firing.length === 0) {
    const watched = pending === 0 ? '' : ` ${plural(pending, 'condition is', 'conditions are')} watched.`
    return { answer: `Nothing fires.${watched}`, mood: 'good' }
  }
  const rest = quiet.length === 0 ? '' : ` ${plural(quiet.length, 'more is', 'more are')} silenced or acknowledged.`
  if (loud.length === 0)
    return {
      answer: `${plural(firing.length, 'alert fires', 'alerts fire')}, all silenced or acknowledged.`,
      mood: 'good',
    }
  if (mending.length === loud.length) {
    return {
      answer: `${plural(loud.length, 'alert fires', 'alerts fire')}; Navarch is at all of it.${rest}`,
      mood: 'mending',
    }
  }
  const people = loud.length - mending.length
  const needs = `${plural(loud.length, 'alert fires', 'alerts fire')}; ${plural(people, 'needs', 'need')} a person.`
  return { answer: `${needs}${rest}`, mood: 'act' }
}

/** An alert's state, and why nobody is told of it or nothing new is read. */
export function stateOfAlert(
  alert: Pick<AlertJson, 'state' | 'silenced_by' | 'acknowledged' | 'unknown_since'>,
): string {
  if (alert.silenced_by !== null) return 'silenced'
  if (alert.acknowledged !== null) return `seen by ${alert.acknowledged.by}`
  return alert.unknown_since === null ? alert.state : `${alert.state}, no value now`
}

/** What an alert is about, in the order in which people look for it, e.g. "train-001, GPU 7"; "" where it is about all. */
export function subjectOf(labels: Readonly<Record<string, string>>): { node: string; rest: string } {
  const { node = '', pool, gpu, xid: _xid, rack, switch: leaf, ...others } = labels
  const place = node !== '' ? '' : (pool ?? rack ?? leaf ?? '')
  const rest = [place, gpu === undefined ? '' : `GPU ${gpu}`, ...Object.values(others)].filter((word) => word !== '')
  return { node, rest: rest.join(', ') }
}
