import type { Alert, Told } from '@navarch/core/alert/alert'
import type { AlertTelling } from '../store/alerts/alert-records.ts'

/** Messages that are remembered of a group, and of an alert. */
const mostTold = 10

/** What became of the last messages about each of some alerts, newest first, by id: what it took along, and what is kept by message. */
export function toldOf(
  alerts: readonly Pick<Alert, 'id' | 'told'>[],
  tellings: Iterable<Pick<AlertTelling, 'id' | 'alerts' | 'told'>>,
): Map<string, readonly Told[]> {
  const about = new Map(alerts.map(({ id }) => [id, [] as Pick<AlertTelling, 'id' | 'told'>[]]))
  for (const telling of tellings) {
    if (telling.told.length > 0) for (const id of telling.alerts) about.get(id)?.push(telling)
  }
  // Thousands of alerts of a group were told of by the same messages: they share one answer.
  const shared = new Map<string, readonly Told[]>()
  return new Map(
    alerts.map(({ id, told = [] }) => {
      const those = about.get(id) ?? []
      const all = () => lastOnes([...told, ...those.flatMap((telling) => telling.told)])
      if (told.length > 0) return [id, all()]
      const key = those.map((telling) => telling.id).join('\n')
      const known = shared.get(key) ?? all()
      shared.set(key, known)
      return [id, known]
    }),
  )
}

/** Alerts that are over with what has become of a message about them: they are kept for longer than messages are. */
export function takenAlongBy(telling: AlertTelling, over: ReadonlyMap<string, Alert>): Alert[] {
  const alerts = telling.alerts.flatMap((id) => over.get(id) ?? [])
  const told = toldOf(alerts, [telling])
  return alerts.map((alert) => ({ ...alert, told: told.get(alert.id) ?? [] }))
}

/** Each once. */
function lastOnes(told: readonly Told[]): Told[] {
  const byDelivery = new Map(told.map((each) => [`${each.receiver}/${each.message}`, each]))
  return [...byDelivery.values()].sort((a, b) => b.at - a.at).slice(0, mostTold)
}

/**
 * Ids of alerts that the last message of their group told of and that none of the next ones does. They take along what was told of
 * them: the group may go on for long.
 */
export function leftOut(next: readonly AlertTelling[], before: Iterable<AlertTelling>): Set<string> {
  const goesOn = Map.groupBy(next, ({ group }) => group)
  const last = new Map<string, AlertTelling>()
  for (const telling of before) {
    const known = last.get(telling.group)
    if (goesOn.has(telling.group) && (!known || known.at <= telling.at)) last.set(telling.group, telling)
  }
  const left = new Set<string>()
  for (const [group, { alerts }] of last) {
    const still = new Set(goesOn.get(group)?.flatMap((telling) => telling.alerts))
    for (const id of alerts) if (!still.has(id)) left.add(id)
  }
  return left
}

/** Ids of messages that are remembered no more, once the next ones are. */
export function outOfMind(next: readonly AlertTelling[], before: Iterable<AlertTelling>): string[] {
  const goesOn = Map.groupBy(next, ({ group }) => group)
  const known = Map.groupBy(before, ({ group }) => group)
  return [...goesOn].flatMap(([group, fresh]) => {
    const old = (known.get(group) ?? []).sort((a, b) => a.at - b.at)
    return old.slice(0, Math.max(0, old.length + fresh.length - mostTold)).map(({ id }) => id)
  })
}
