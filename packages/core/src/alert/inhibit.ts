import type { Alert } from './alert.ts'
import type { AlertRule } from './alert-rule.ts'

/**
 * Alerts that another one explains, with that one's id. A firing alert of a rule in `inhibitedBy` explains those
 * of the same place: one of the cluster explains all, one of a pool or partition those of it and of its nodes, one of a node those of the
 * node and its GPUs.
 */
export function inhibitedBy(
  firing: readonly Alert[],
  rules: readonly Pick<AlertRule, 'name' | 'inhibitedBy'>[],
): Map<string, string> {
  const byRule = Map.groupBy(firing, (alert) => alert.rule)
  const found = new Map<string, string>()
  for (const rule of rules) {
    const causes = rule.inhibitedBy.filter((name) => name !== rule.name).flatMap((name) => byRule.get(name) ?? [])
    if (causes.length === 0) continue
    const byPlace = Map.groupBy(causes, placeOf)
    for (const alert of byRule.get(rule.name) ?? []) {
      const cause = placesOf(alert)
        .flatMap((place) => byPlace.get(place) ?? [])
        .find((candidate) => candidate.id !== alert.id)
      if (cause) found.set(alert.id, cause.id)
    }
  }
  return found
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
