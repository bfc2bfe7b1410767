import type {
  AlertHistoryJson,
  AlertJson,
  AlertMetricJson,
  AlertReceiverJson,
  AlertRuleJson,
  AlertsChangedJson,
  AlertTestJson,
  SilenceJson,
  SimpleAlertEventJson,
  SimpleAlertRuleJson,
} from '@navarch/api/alerts'
import type { Alert } from '@navarch/core/alert/alert'
import { metricDefinition, metricNames } from '@navarch/core/alert/alert-metrics'
import type { AlertRule } from '@navarch/core/alert/alert-rule'
import { summaryOf } from '@navarch/core/alert/alert-words'
import type { AlertsSpec } from '@navarch/core/alert/alerts-spec'
import { byUrgency } from '@navarch/core/alert/plan-notifications'
import type { AlertJudge } from '../alerts/alert-judge.ts'
import type { AlertLedger, NewAlertEvent } from '../alerts/alert-state.ts'
import type { Mirror } from '../alerts/mirror.ts'
import type { Outbox } from '../alerts/outbox.ts'
import type { AlertReads } from '../store/alerts/alert-records.ts'
import { alertJson, groupOfAlert, historyJson, ruleJson } from './alert-json.ts'
import { createReceiverDesk, toldBy } from './alert-receivers.ts'
import { createRuleEditor, type NewRule, simpleEventJson, simpleRuleJson } from './alert-rules.ts'
import { createSilenceKeeper, type NewSilence } from './alert-silences.ts'
import { ServiceError } from './service-error.ts'

export interface AlertFilter {
  state?: Alert['state']
  severity?: Alert['severity']
  rule?: string
  node?: string
  pool?: string
  group?: string
  /** At most this many, past the first `offset`; absent: all of them. */
  limit?: number
  offset?: number
}

/** What can be asked about alerts, and done to them. `by` is who asks. All throw only `ServiceError`. */
export interface AlertService {
  /** @returns a page of those that match, and how many match in all */
  list(filter: AlertFilter): { alerts: AlertJson[]; total: number }
  get(id: string): Promise<AlertJson>
  /** @param group all that fire in its group */
  acknowledge(id: string, note: string, group: boolean, by: string): Promise<AlertsChangedJson>
  unacknowledge(id: string, group: boolean, by: string): Promise<AlertsChangedJson>
  history(query: {
    limit: number
    before?: number
    rule?: string
    node?: string
    alert?: string
  }): Promise<AlertHistoryJson[]>
  silences(all: boolean): SilenceJson[]
  silence(id: string): SilenceJson
  addSilence(silence: NewSilence, by: string): Promise<SilenceJson>
  endSilence(id: string, by: string): Promise<SilenceJson>
  rules(): AlertRuleJson[]
  rule(id: string): AlertRuleJson
  addRule(rule: NewRule): Promise<AlertRuleJson>
  changeRule(id: string, rule: NewRule): Promise<AlertRuleJson>
  removeRule(id: string): Promise<void>
  metrics(): AlertMetricJson[]
  receivers(): AlertReceiverJson[]
  test(receiver: string, by: string): Promise<AlertTestJson>
  /** Rules with the fields of the GPU monitoring document. */
  simple: {
    list(): SimpleAlertRuleJson[]
    get(id: string): SimpleAlertRuleJson
    add(rule: NewRule): Promise<SimpleAlertRuleJson>
    change(id: string, change: (rule: SimpleAlertRuleJson) => NewRule): Promise<SimpleAlertRuleJson>
    history(limit: number): Promise<SimpleAlertEventJson[]>
  }
  /** Firing alerts that nothing mutes, by severity, and groups of critical ones that nobody is at. */
  counts(): { critical: number; warning: number; info: number; todo: { id: string; text: string }[] }
}

export interface AlertServiceDeps {
  spec: AlertsSpec
  ledger: AlertLedger
  judge: AlertJudge
  outbox: Outbox
  mirror: Mirror
  reads: Pick<AlertReads, 'history' | 'alert'>
  operationOf: (alert: Alert) => string | undefined
  proposalOf: (alert: Alert) => string | undefined
  /** Judges again soon: a change should show. */
  wake: () => void
  now: () => number
  newId: () => string
}

export function createAlertService(deps: AlertServiceDeps): AlertService {
  const { spec, ledger, judge, now } = deps
  const editor = createRuleEditor(deps)
  const silences = createSilenceKeeper(deps)
  const receivers = createReceiverDesk(deps)

  const render = (alerts: readonly Alert[]): AlertJson[] => {
    const context = {
      routes: spec.routes,
      rule: judge.rule,
      operationOf: deps.operationOf,
      proposalOf: deps.proposalOf,
      muting: judge.muting(),
      notified: toldBy(deps, alerts),
    }
    return alerts.map((alert) => alertJson(alert, context))
  }

  const openAlert = (id: string): Alert => {
    const { open, over } = ledger.state()
    const found = [...open.values()].find((alert) => alert.id === id)
    if (found) return found
    if (over.has(id)) throw new ServiceError('conflict', `alert ${id} is over`)
    throw new ServiceError('not_found', `no alert ${id}`)
  }

  /** The alert, or all of its group that fire. */
  const chosen = (id: string, group: boolean): Alert[] => {
    const alert = openAlert(id)
    if (!group) return [alert]
    const wanted = groupOfAlert(alert, spec.routes)
    const others = [...ledger.state().open.values()].filter(
      (each) => each.state === 'firing' && groupOfAlert(each, spec.routes) === wanted,
    )
    return others.some((each) => each.id === id) ? others : [alert, ...others]
  }

  const changeAll = async (
    alerts: readonly Alert[],
    change: (alert: Alert) => Alert,
    event: Pick<NewAlertEvent, 'event' | 'text' | 'by'>,
  ): Promise<AlertsChangedJson> => {
    const wanted = new Set(alerts.map((alert) => alert.id))
    const changed = await ledger.change(({ open }) => {
      const result = [...open.values()].filter((alert) => wanted.has(alert.id)).map(change)
      const changes = result.flatMap((alert) => [
        { kind: 'alert', alert } as const,
        { kind: 'alert-event', event: { ...eventOf(alert, now()), ...event } } as const,
      ])
      return { changes, result }
    })
    deps.wake()
    return { alerts: render(changed) }
  }

  const renderRule = (rule: AlertRule): AlertRuleJson => {
    const alerts = [...ledger.state().open.values()].filter((alert) => alert.ruleId === rule.id)
    const firing = alerts.filter((alert) => alert.state === 'firing').length
    const problem = judge.problems().get(rule.id) ?? null
    return ruleJson(rule, { pending: alerts.length - firing, firing, problem })
  }

  const findRule = (id: string): AlertRule => {
    const rule = judge.rules().find((each) => each.id === id || each.name === id)
    if (!rule) throw new ServiceError('not_found', `no rule ${id}`)
    return rule
  }

  return {
    list(filter) {
      const { open, over } = ledger.state()
      const wanted = [...open.values(), ...over.values()].filter(
        (alert) =>
          (filter.state === undefined || alert.state === filter.state) &&
          (filter.severity === undefined || alert.severity === filter.severity) &&
          (filter.rule === undefined || alert.rule === filter.rule) &&
          (filter.node === undefined || alert.labels['node'] === filter.node) &&
          (filter.pool === undefined || alert.labels['pool'] === filter.pool) &&
          (filter.group === undefined || groupOfAlert(alert, spec.routes) === filter.group),
      )
      const sorted = wanted.sort(
        (a, b) => stateRank[a.state] - stateRank[b.state] || byUrgency(a, b) || (a.id < b.id ? -1 : 1),
      )
      const { offset = 0, limit = sorted.length } = filter
      const page = sorted.slice(offset, offset + limit)
      return { alerts: render(page), total: sorted.length }
    },
    async get(id) {
      const { open, over } = ledger.state()
      const known = [...open.values()].find((alert) => alert.id === id) ?? over.get(id) ?? (await deps.reads.alert(id))
      const [found] = known ? render([known]) : []
      if (!found) throw new ServiceError('not_found', `no alert ${id}`)
      return found
    },
    acknowledge: (id, note, group, by) =>
      changeAll(chosen(id, group), (alert) => ({ ...alert, acknowledged: { by, at: now(), note } }), {
        event: 'acknowledged',
        text: note,
        by,
      }),
    unacknowledge: (id, group, by) =>
      changeAll(chosen(id, group), ({ acknowledged: _, ...alert }) => alert, { event: 'unacknowledged', text: '', by }),
    history: async (query) => (await deps.reads.history(query)).map(historyJson),
    silences: silences.list,
    silence: silences.get,
    addSilence: silences.add,
    endSilence: silences.end,
    rules: () => judge.rules().map(renderRule),
    rule: (id) => renderRule(findRule(id)),
    addRule: async (rule) => renderRule(await editor.add(rule)),
    changeRule: async (id, rule) => renderRule(await editor.change(findRule(id).id, rule)),
    removeRule: (id) => editor.remove(findRule(id).id),
    metrics: () =>
      metricNames.map((name) => {
        const { unit, per, labels, description, source } = metricDefinition(name)
        return { name, unit, per, labels: [...labels], description, source }
      }),
    receivers: receivers.list,
    test: receivers.test,
    simple: {
      list: () => editor.simple().map(simpleRuleJson),
      get: (id) => simpleRuleJson(editor.findSimple(id)),
      add: async (rule) => simpleRuleJson(await editor.add(rule)),
      change: async (id, change) =>
        simpleRuleJson(await editor.change(id, change(simpleRuleJson(editor.findSimple(id))))),
      history: async (limit) =>
        (await deps.reads.history({ limit, events: ['fired', 'resolved'] })).map(simpleEventJson),
    },
    counts() {
      const heard = judge.heard()
      const count = (severity: Alert['severity']) => heard.filter((alert) => alert.severity === severity).length
      const asking = heard.filter(
        (alert) => alert.severity === 'critical' && !alert.acknowledged && deps.operationOf(alert) === undefined,
      )
      const groups = Map.groupBy(asking.sort(byUrgency), (alert) => groupOfAlert(alert, spec.routes))
      const todo = [...groups.values()].flatMap(([first, ...others]) => {
        if (!first) return []
        const more = others.length === 0 ? '' : `, and ${others.length} more of ${first.rule}`
        return [{ id: first.id, text: `${summaryOf(first)}${more}` }]
      })
      return { critical: count('critical'), warning: count('warning'), info: count('info'), todo }
    },
  }
}

const stateRank = { firing: 0, pending: 1, resolved: 2 } as const

function eventOf({ id, ruleId, rule, severity, labels, value }: Alert, at: number) {
  return { at, alert: id, ruleId, rule, severity, labels, value }
}
