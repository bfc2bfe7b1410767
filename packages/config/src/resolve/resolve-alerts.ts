import { isAboutNodes, metricDefinition } from '@navarch/core/alert/alert-metrics'
import type { AlertRoute } from '@navarch/core/alert/alert-route'
import { routeDefaults } from '@navarch/core/alert/alert-route'
import { type AlertRule, defaultResolveAfter, rulesInForce } from '@navarch/core/alert/alert-rule'
import type { AlertsSpec } from '@navarch/core/alert/alerts-spec'
import { defaultRules } from '@navarch/core/alert/default-rules'
import { alertKeys, alertRouteKeys, alertRuleKeys, type alertKeys as Keys } from '../keys/alert-keys.ts'
import { nearestWord } from '../nearest.ts'
import type { Given, ObjectValue } from '../schema/schema.ts'
import { checkInhibitions, unknownRule } from './check-inhibitions.ts'
import { type PathBase, resolveGivenPath } from './file-path.ts'
import { resolveReceivers } from './resolve-receivers.ts'
import type { Resolver } from './settings.ts'

type RuleValue = ObjectValue<typeof alertRuleKeys>
type RouteValue = ObjectValue<typeof alertRouteKeys>

/** Effective settings of alerts. */
export function resolveAlerts(
  alerts: ObjectValue<typeof Keys> | undefined,
  server: { externalAddress?: string },
  base: PathBase,
  resolver: Resolver,
): AlertsSpec {
  const given = alerts?.given ?? {}
  const { pick } = resolver
  const defaults = pick('alerts.defaults', alertKeys.defaults, [given.defaults])
  const receivers = resolveReceivers(given.receivers?.value ?? [], base, resolver)
  const rules = resolveRules(given.rules?.value ?? [], defaults, resolver)
  const ruleNames = rulesInForce(defaults ? defaultRules : [], rules).map((rule) => rule.name)
  const known = { receivers: receivers.map((receiver) => receiver.name), rules: ruleNames }
  const routes = (given.routes?.value ?? []).map((route, index) => resolveRoute(route, index, known, resolver))
  const url = pick('alerts.url', alertKeys.url, [given.url]) ?? server.externalAddress
  return {
    defaults,
    rules,
    receivers,
    routes: routes.length > 0 || receivers.length === 0 ? routes : [routeToAll(known.receivers)],
    intervalMs: pick('alerts.interval', alertKeys.interval, [given.interval]),
    historyMs: pick('alerts.history', alertKeys.history, [given.history]),
    volumes: resolveVolumes(given.volumes?.value ?? [], base, resolver),
    databases: (given.databases?.value ?? []).flatMap(({ given: { name, command } }) =>
      name && command ? [{ name: name.value, command: command.value }] : [],
    ),
    ...(url !== undefined && { url }),
  }
}

function resolveVolumes(paths: readonly Given<string>[], base: PathBase, { reader, outside }: Resolver): string[] {
  return paths.flatMap((given) => {
    const path = resolveGivenPath(given, base, reader)
    if (!path) return []
    const without = 'its use is not known, and no alert tells of it'
    outside.push({ kind: 'volume', name: path.value, key: path.path, ...path.place, without })
    return [path.value]
  })
}

function resolveRules(values: readonly RuleValue[], defaults: boolean, resolver: Resolver): AlertRule[] {
  const lines = new Map<string, number>()
  const rules = values.flatMap((value) => {
    const { name } = value.given
    if (!name) return []
    const first = lines.get(name.value)
    if (first !== undefined) {
      resolver.reader.error(name.place, name.path, `"${name.value}" is the name of another rule, on line ${first}`)
      return []
    }
    lines.set(name.value, name.place.line)
    const rule = resolveRule(
      name,
      value,
      defaultRules.find((each) => each.name === name.value),
      defaults,
      resolver,
    )
    return rule ? [rule] : []
  })
  checkInhibitions(values, rules, defaults, resolver.reader)
  return rules
}

/** @param builtIn the rule that it changes */
function resolveRule(
  name: Given<string>,
  { given, place, path, intact }: RuleValue,
  builtIn: AlertRule | undefined,
  defaults: boolean,
  { reader }: Resolver,
): AlertRule | undefined {
  const metric = given.metric?.value ?? builtIn?.metric
  const condition = given.condition?.value ?? builtIn?.condition
  const threshold = given.threshold?.value ?? builtIn?.threshold
  if (metric === undefined || condition === undefined || threshold === undefined) {
    const near = nearestWord(
      name.value,
      defaultRules.map((rule) => rule.name),
    )
    const hint = near === undefined ? '' : `; to change the built-in rule write "${near}"`
    if (intact) reader.error(place, path, `needs metric, condition and threshold${hint}`)
    return undefined
  }
  if (given.metric && builtIn && given.metric.value !== builtIn.metric && !(given.condition && given.threshold)) {
    reader.error(
      given.metric.place,
      given.metric.path,
      'another metric than the built-in rule has needs condition and threshold too',
    )
    return undefined
  }
  const { node_filter: filter, labels, runbook_url: runbook, inhibited_by: inhibitedBy } = given
  if (filter && !isAboutNodes(metric)) {
    reader.error(filter.place, filter.path, `${metric} is not about nodes: it has no names to filter`)
  }
  const has = metricDefinition(metric).labels
  for (const label of Object.keys(labels?.value ?? {})) {
    if (!labels || has.includes(label)) continue
    const remedy = has.length === 0 ? 'it has none' : `it has ${has.join(', ')}`
    reader.warn(labels.place, `${labels.path}.${label}`, `no value of ${metric} has this label: ${remedy}`)
  }
  if (!defaults && builtIn && !given.metric) {
    reader.warn(name.place, name.path, 'alerts.defaults is false: this one built-in rule holds, as it is changed here')
  }
  const forMs = given.for?.value ?? builtIn?.forMs ?? alertRuleKeys.for.default
  const nodeFilter = filter?.value ?? builtIn?.nodeFilter
  const runbookUrl = runbook?.value ?? builtIn?.runbookUrl
  return {
    id: `config-${name.value}`,
    name: name.value,
    metric,
    condition,
    threshold,
    forMs,
    resolveAfterMs: given.resolve_after?.value ?? defaultResolveAfter(forMs),
    ...(nodeFilter !== undefined && { nodeFilter }),
    labels: labels?.value ?? builtIn?.labels ?? {},
    severity: given.severity?.value ?? builtIn?.severity ?? alertRuleKeys.severity.default,
    meaning: given.meaning?.value ?? builtIn?.meaning ?? '',
    action: given.action?.value ?? builtIn?.action ?? '',
    ...(runbookUrl !== undefined && { runbookUrl }),
    inhibitedBy: inhibitedBy?.value.map((cause) => cause.value) ?? builtIn?.inhibitedBy ?? [],
    enabled: given.enabled?.value ?? true,
    source: 'config',
  }
}

function resolveRoute(
  value: RouteValue,
  index: number,
  known: { receivers: readonly string[]; rules: readonly string[] },
  resolver: Resolver,
): AlertRoute {
  const { given } = value
  const at = `alerts.routes[${index}]`
  const pick = resolver.pick
  const receivers = checkedReceivers(given.receivers, known.receivers, resolver)
  for (const { value: matcher, place, path } of given.match?.value ?? []) {
    const isRule = matcher.label === 'rule' || matcher.label === 'alertname'
    if (!isRule || matcher.op.endsWith('~') || known.rules.includes(matcher.value)) continue
    resolver.reader.warn(place, path, unknownRule(matcher.value, known.rules))
  }
  const steps = (given.escalation?.value ?? []).map((step, level) => ({
    afterMs: step.given.after?.value ?? routeDefaults.escalationMs[level] ?? (level + 1) * 4 * 3_600_000,
    receivers: checkedReceivers(step.given.receivers, known.receivers, resolver),
    place: step.given.after ?? step,
  }))
  steps.forEach((step, level) => {
    const before = steps[level - 1]
    if (before && step.afterMs <= before.afterMs) {
      resolver.reader.error(step.place.place, step.place.path, 'must be later than the step before it')
    }
  })
  return {
    name: given.name?.value ?? `route-${index + 1}`,
    matchers: given.match?.value.map((matcher) => matcher.value) ?? [],
    receivers,
    groupBy: pick(`${at}.group_by`, alertRouteKeys.group_by, [given.group_by]),
    groupWaitMs: pick(`${at}.group_wait`, alertRouteKeys.group_wait, [given.group_wait]),
    groupIntervalMs: pick(`${at}.group_interval`, alertRouteKeys.group_interval, [given.group_interval]),
    repeatIntervalMs: pick(`${at}.repeat_interval`, alertRouteKeys.repeat_interval, [given.repeat_interval]),
    sendResolved: pick(`${at}.send_resolved`, alertRouteKeys.send_resolved, [given.send_resolved]),
    escalation: steps.map(({ afterMs, receivers: who }) => ({ afterMs, receivers: who })),
    continue: pick(`${at}.continue`, alertRouteKeys.continue, [given.continue]),
  }
}

function checkedReceivers(
  given: Given<string[]> | undefined,
  known: readonly string[],
  { reader }: Resolver,
): string[] {
  for (const receiver of given?.value ?? []) {
    if (known.includes(receiver)) continue
    const near = nearestWord(receiver, known)
    const hint = near === undefined ? `known: ${known.join(', ') || 'none'}` : `did you mean "${near}"?`
    if (given) reader.error(given.place, given.path, `no receiver is called "${receiver}"; ${hint}`)
  }
  return given?.value ?? []
}

/** The route where there are receivers and no routes. What is `info` is to be seen, not to be told. */
function routeToAll(receivers: readonly string[]): AlertRoute {
  const { groupBy, groupWaitMs, groupIntervalMs, repeatIntervalMs } = routeDefaults
  return {
    name: 'default',
    matchers: [{ label: 'severity', op: '!=', value: 'info' }],
    receivers,
    groupBy,
    groupWaitMs,
    groupIntervalMs,
    repeatIntervalMs,
    sendResolved: true,
    escalation: [],
    continue: false,
  }
}
