import type { Alert } from './alert.ts'
import type { AlertRule } from './alert-rule.ts'

/**
 * Alerts that another one explains, with that one's id. A firing alert of a rule in `inhibitedBy` explains those
 * of the same place: one of the cluster explains all, one of a pool or partition those of it and of its nodes, one of a node those of the
 * node and its GPUs. Rules that explain each other in a circle are refused, yet one may close when a rule of the API that stood for a
 * built-in one is removed: of alerts in a circle the oldest is heard, unless one outside of the circle explains it.
 */
export function inhibitedBy(
  firing: readonly Alert[],
  rules: readonly Pick<AlertRule, 'name' | 'inhibitedBy'>[],
): Map<string, string> {
  const byRule = Map.groupBy(firing, (alert) => alert.rule)
  const causesOf = new Map<string, Explains>()
  const found = new Map<string, string>()
  for (const rule of rules) {
    const causes = rule.inhibitedBy.filter((name) => name !== rule.name).flatMap((name) => byRule.get(name) ?? [])
    if (causes.length === 0) continue
    const byPlace = Map.groupBy(causes, placeOf)
    const explains: Explains = (alert, isCause) =>
      placesOf(alert)
        .flatMap((place) => byPlace.get(place) ?? [])
        .find((candidate) => candidate.id !== alert.id && isCause(candidate))
    causesOf.set(rule.name, explains)
    for (const alert of byRule.get(rule.name) ?? []) {
      const cause = explains(alert, () => true)
      if (cause) found.set(alert.id, cause.id)
    }
  }
  return withoutCircles(found, firing, causesOf)
}

/** The first alert that explains one, of those that may. */
type Explains = (alert: Alert, isCause: (candidate: Alert) => boolean) => Alert | undefined

/** Each alert has one cause at most, so a way by causes ends, or goes round. */
function withoutCircles(
  causes: Map<string, string>,
  firing: readonly Alert[],
  causesOf: ReadonlyMap<string, Explains>,
): Map<string, string> {
  /** From these the way ends. */
  const done = new Set<string>()
  /** Alerts that led back to one, by its id: none of them is taken for its cause again, so that this comes to an end. */
  const inCircle = new Map<string, Set<string>>()
  for (const start of [...causes.keys()]) {
    for (;;) {
      const { way, circle } = wayFrom(start, causes, done)
      const oldest = circle && oldestOf(circle, firing)
      if (!oldest) {
        for (const id of way) done.add(id)
        break
      }
      const taboo = new Set([...(inCircle.get(oldest.id) ?? []), ...circle])
      inCircle.set(oldest.id, taboo)
      const other = causesOf.get(oldest.rule)?.(oldest, ({ id }) => !taboo.has(id))
      if (other) causes.set(oldest.id, other.id)
      else causes.delete(oldest.id)
    }
  }
  return causes
}

/** The way from an alert by causes, and the circle that it ends in. */
function wayFrom(
  start: string,
  causes: ReadonlyMap<string, string>,
  done: ReadonlySet<string>,
): { way: Set<string>; circle?: Set<string> } {
  const way = new Set<string>()
  for (let id: string | undefined = start; id !== undefined && !done.has(id); id = causes.get(id)) {
    if (way.has(id)) {
      const steps = [...way]
      return { way, circle: new Set(steps.slice(steps.indexOf(id))) }
    }
    way.add(id)
  }
  return { way }
}

function oldestOf(ids: ReadonlySet<string>, firing: readonly Alert[]): Alert | undefined {
  const circle = firing.filter(({ id }) => ids.has(id))
  const [first] = circle.sort((a, b) => a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1))
  return first
}

/** The narrowest place that an alert is about. */
function placeOf({ labels: { node, partition, pool } }: Alert): string {
  if (node !== undefined) return `node ${node}`
  if (partition !== undefined) return `partition ${partition}`
  return pool === undefined ? 'cluster' : `pool ${pool}`
}

/** All places that an alert is in, the narrowest first. */
function placesOf({ labels: { node, partition, pool } }: Alert): string[] {
  return [
    ...(node === undefined ? [] : [`node ${node}`]),
    ...(partition === undefined ? [] : [`partition ${partition}`]),
    ...(pool === undefined ? [] : [`pool ${pool}`]),
    'cluster',
  ]
}
