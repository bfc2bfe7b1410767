import type { Alert } from './alert.ts'
import { type AlertRoute, groupOf, routesOf } from './alert-route.ts'

/** What is remembered of a group of alerts while it lasts. */
export interface AlertGroup {
  /** Of this time that it lasts: what receivers know it by. */
  id: string
  route: string
  /** As `groupOf` says. */
  group: string
  startedAt: number
  /** When it was last told of; undefined: not yet. */
  notifiedAt?: number
  /** Ids of the alerts that somebody was told of and that were not over then. */
  told: readonly string[]
  /** Who was told, and so hears of the end. */
  receivers: readonly string[]
  /** Escalation steps that were taken. */
  escalated: number
  /** Whether receivers know that all of it is acknowledged. */
  acknowledged: boolean
}

/** One message to be sent about a group. */
export interface Notification {
  kind: 'firing' | 'resolved' | 'acknowledged'
  group: AlertGroup
  receivers: readonly string[]
  /** Those that fire, gravest and newest first; of `resolved`, those that are over. */
  alerts: readonly Alert[]
  /** How many of `alerts` nobody was told of before. */
  fresh: number
  /** Alerts that were told and are over since. */
  over: number
  /** Level of escalation, from 1; 0: none. */
  escalation: number
  /** Nothing is new. */
  repeated: boolean
}

export interface NotificationPlan {
  /** All that last, after this. */
  groups: AlertGroup[]
  /** Those of `groups` that must be stored. */
  changed: AlertGroup[]
  /** Ids of groups that are over. */
  ended: string[]
  notifications: Notification[]
}

export interface NotificationInput {
  /** Firing alerts that nothing mutes. */
  alerts: readonly Alert[]
  /** All open alerts, muted ones too, by id: what is not among them is over. */
  isOpen: (id: string) => boolean
  /** Alerts that are over, as far as they are still known, by id. */
  over: (id: string) => Alert | undefined
  groups: readonly AlertGroup[]
  routes: readonly AlertRoute[]
  now: number
  newId: () => string
}

/**
 * Decides who is told what now. One message tells of a whole group: its first one waits `groupWaitMs` for others, what is new or over
 * is told `groupIntervalMs` after the last one, and all of it again after `repeatIntervalMs`. What is acknowledged is not told again
 * and does not escalate.
 */
export function planNotifications(input: NotificationInput): NotificationPlan {
  const { routes, now, newId } = input
  const plan: NotificationPlan = { groups: [], changed: [], ended: [], notifications: [] }
  const members = membersByGroup(input.alerts, routes)
  const routeByName = new Map(routes.map((route) => [route.name, route]))
  const known = new Map(input.groups.map((group) => [groupKey(group), group]))
  for (const [key, { route, group }] of members) {
    if (known.has(key)) continue
    const receivers: string[] = []
    const begun = { id: newId(), route, group, startedAt: now, told: [], receivers, escalated: 0, acknowledged: false }
    known.set(key, begun)
    plan.changed.push(begun)
  }
  for (const [key, group] of known) {
    const route = routeByName.get(group.route)
    const firing = members.get(key)?.alerts ?? []
    const next = firing.length > 0 && route ? goOn(group, route, firing, input, plan) : wind(group, route, input, plan)
    if (!next) {
      plan.ended.push(group.id)
      continue
    }
    plan.groups.push(next)
    if (next !== group) plan.changed.push(next)
  }
  const lasting = new Set(plan.groups)
  plan.changed = plan.changed.filter((group) => lasting.has(group))
  return plan
}

/** A group that fires. */
function goOn(
  group: AlertGroup,
  route: AlertRoute,
  firing: readonly Alert[],
  { isOpen, now }: NotificationInput,
  plan: NotificationPlan,
): AlertGroup {
  const told = new Set(group.told)
  const fresh = firing.filter((alert) => !told.has(alert.id)).length
  const over = group.told.filter((id) => !isOpen(id)).length
  const unacknowledged = firing.filter((alert) => !alert.acknowledged)
  const acknowledged = unacknowledged.length === 0
  const since = group.notifiedAt === undefined ? Number.POSITIVE_INFINITY : now - group.notifiedAt
  const isNew = fresh > 0 || (over > 0 && route.sendResolved)
  const first = group.notifiedAt === undefined
  const due = first
    ? now - group.startedAt >= route.groupWaitMs
    : isNew
      ? since >= route.groupIntervalMs
      : !acknowledged && since >= route.repeatIntervalMs
  const step = escalationDue(group, route, unacknowledged, now)
  let next = group
  const tell = (receivers: readonly string[], escalation: number, repeated: boolean) => {
    next = {
      ...next,
      notifiedAt: now,
      told: [...new Set([...next.told.filter(isOpen), ...firing.map((alert) => alert.id)])],
      receivers: [...new Set([...next.receivers, ...receivers])],
      acknowledged: false,
    }
    const alerts = [...firing].sort(byUrgency)
    plan.notifications.push({ kind: 'firing', group: next, receivers, alerts, fresh, over, escalation, repeated })
  }
  if (due) tell([...new Set([...route.receivers, ...group.receivers])], 0, !first && !isNew)
  if (step > group.escalated && !first) {
    const receivers = route.escalation.slice(group.escalated, step).flatMap((each) => each.receivers)
    tell([...new Set(receivers)], step, false)
    next = { ...next, escalated: step }
  }
  if (acknowledged && !next.acknowledged && next.notifiedAt !== undefined && !due) {
    next = { ...next, acknowledged: true }
    plan.notifications.push({
      kind: 'acknowledged',
      group: next,
      receivers: next.receivers,
      alerts: [...firing].sort(byUrgency),
      fresh,
      over,
      escalation: 0,
      repeated: false,
    })
  }
  return next
}

/** A group of which nothing fires any more, or nothing that is not muted. @returns undefined when it is over */
function wind(
  group: AlertGroup,
  route: AlertRoute | undefined,
  { isOpen, over, now }: NotificationInput,
  plan: NotificationPlan,
): AlertGroup | undefined {
  if (group.told.length === 0) return undefined
  if (group.told.some(isOpen)) return group
  if (route && !route.sendResolved) return undefined
  // What comes back at once is not worth two messages.
  if (route && group.notifiedAt !== undefined && now - group.notifiedAt < route.groupIntervalMs) return group
  const alerts = group.told.flatMap((id) => over(id) ?? [])
  plan.notifications.push({
    kind: 'resolved',
    group,
    receivers: group.receivers,
    alerts,
    fresh: 0,
    over: group.told.length,
    escalation: 0,
    repeated: false,
  })
  return undefined
}

/** How many steps of the escalation are due: by the time for which the oldest alert that nobody acknowledged has fired. */
function escalationDue(group: AlertGroup, route: AlertRoute, unacknowledged: readonly Alert[], now: number): number {
  const oldest = unacknowledged.reduce((least, { firedAt = now }) => Math.min(least, firedAt), Number.POSITIVE_INFINITY)
  const due = route.escalation.filter((step) => now - oldest >= step.afterMs).length
  return Math.max(group.escalated, due)
}

function membersByGroup(
  alerts: readonly Alert[],
  routes: readonly AlertRoute[],
): Map<string, { route: string; group: string; alerts: Alert[] }> {
  const members = new Map<string, { route: string; group: string; alerts: Alert[] }>()
  for (const alert of alerts) {
    for (const route of routesOf(alert, routes)) {
      const found = { route: route.name, group: groupOf(alert, route) }
      const key = groupKey(found)
      const known = members.get(key)
      if (known) known.alerts.push(alert)
      else members.set(key, { ...found, alerts: [alert] })
    }
  }
  return members
}

function groupKey({ route, group }: { route: string; group: string }): string {
  return `${route}\n${group}`
}

const rank = { critical: 0, warning: 1, info: 2 } as const

/** The gravest first, then the newest. */
export function byUrgency(a: Alert, b: Alert): number {
  return (
    rank[a.severity] - rank[b.severity] ||
    (b.firedAt ?? b.startedAt) - (a.firedAt ?? a.startedAt) ||
    (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)
  )
}
