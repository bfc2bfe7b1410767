import {
  type SimpleAlertEventJson,
  type SimpleAlertMetric,
  type SimpleAlertRuleJson,
  simpleAlertMetrics,
} from '@navarch/api/alerts'
import { isAboutNodes } from '@navarch/core/alert/alert-metrics'
import { type AlertRule, defaultResolveAfter, rulesInForce } from '@navarch/core/alert/alert-rule'
import type { AlertsSpec } from '@navarch/core/alert/alerts-spec'
import { defaultRules } from '@navarch/core/alert/default-rules'
import { cycleProblem, inhibitionCycle } from '@navarch/core/alert/inhibition-cycle'
import type { AlertLedger } from '../alerts/alert-state.ts'
import type { AlertHistoryEvent } from '../store/alerts/alert-records.ts'
import { time } from './render.ts'
import { ServiceError } from './service-error.ts'

/** A rule as it is asked for. Times in ms. */
export interface NewRule
  extends Pick<AlertRule, 'name' | 'metric' | 'condition' | 'threshold' | 'forMs' | 'severity' | 'enabled' | 'labels'> {
  /** Undefined: as long as it must hold, at most five minutes. */
  resolveAfterMs?: number
  nodeFilter?: string
  meaning: string
  action: string
  runbookUrl?: string
  inhibitedBy: readonly string[]
}

/** More rules than these are no rules that a person wrote. */
const mostRules = 1_000

export interface RuleEditorDeps {
  spec: AlertsSpec
  ledger: AlertLedger
  wake: () => void
  now: () => number
  newId: () => string
}

/** Changes rules that were made over the API. Those of the configuration are changed there. */
export interface RuleEditor {
  add(rule: NewRule): Promise<AlertRule>
  change(id: string, rule: NewRule): Promise<AlertRule>
  remove(id: string): Promise<void>
  /** Those that have the document's metrics. */
  simple(): AlertRule[]
  findSimple(id: string): AlertRule
}

export function createRuleEditor({ spec, ledger, wake, now, newId }: RuleEditorDeps): RuleEditor {
  const checked = (rule: NewRule, rules: ReadonlyMap<string, AlertRule>, ownId: string | undefined) => {
    if (rule.nodeFilter !== undefined && !isAboutNodes(rule.metric)) {
      throw new ServiceError('invalid', `body: ${rule.metric} is not about nodes: it has no names to filter`)
    }
    const taken = [...rules.values()].some((other) => other.name === rule.name && other.id !== ownId)
    if (taken) throw new ServiceError('conflict', `there is a rule with the name "${rule.name}"`)
    if (spec.rules.some((other) => other.name === rule.name)) {
      throw new ServiceError('conflict', `"${rule.name}" is a rule of the configuration file: change it there`)
    }
    const others = [...rules.values()].filter((other) => other.id !== ownId)
    const builtIn = spec.defaults ? defaultRules : []
    const cycle = inhibitionCycle(rule.name, [...rulesInForce(builtIn, spec.rules, others), rule])
    if (cycle) throw new ServiceError('invalid', `body: inhibited_by: ${cycleProblem(cycle)}`)
  }

  const editable = (id: string, rules: ReadonlyMap<string, AlertRule>): AlertRule => {
    const rule = rules.get(id)
    if (rule) return rule
    if ([...spec.rules, ...defaultRules].some((other) => other.id === id)) {
      const remedy = 'make one with the same name over the API, or change it in the configuration file'
      throw new ServiceError('conflict', `rule ${id} is not one of the API: ${remedy}`)
    }
    throw new ServiceError('not_found', `no rule ${id}`)
  }

  const store = async (id: string | undefined, wanted: NewRule): Promise<AlertRule> => {
    const stored = await ledger.change(({ rules }) => {
      const before = id === undefined ? undefined : editable(id, rules)
      if (!before && rules.size >= mostRules) throw new ServiceError('conflict', `there are ${mostRules} rules already`)
      checked(wanted, rules, id)
      const at = now()
      const rule: AlertRule = {
        ...wanted,
        id: id ?? newId(),
        resolveAfterMs: wanted.resolveAfterMs ?? defaultResolveAfter(wanted.forMs),
        source: 'api',
        createdAt: before?.createdAt ?? at,
        updatedAt: at,
      }
      return { changes: [{ kind: 'alert-rule', rule }], result: rule }
    })
    wake()
    return stored
  }

  const simple = () => [...ledger.state().rules.values()].filter((rule) => isSimple(rule.metric))

  return {
    add: (rule) => store(undefined, rule),
    change: (id, rule) => store(id, rule),
    async remove(id) {
      await ledger.change(({ rules }) => {
        editable(id, rules)
        return { changes: [{ kind: 'alert-rule-removed', id }], result: undefined }
      })
      wake()
    },
    simple,
    findSimple(id) {
      const found = simple().find((rule) => rule.id === id)
      if (!found) throw new ServiceError('not_found', `no alert rule ${id}`)
      return found
    },
  }
}

function isSimple(metric: string): metric is SimpleAlertMetric {
  return (simpleAlertMetrics as readonly string[]).includes(metric)
}

export function simpleRuleJson(rule: AlertRule): SimpleAlertRuleJson {
  if (!isSimple(rule.metric)) throw new ServiceError('not_found', `no alert rule ${rule.id}`)
  return {
    id: rule.id,
    name: rule.name,
    metric: rule.metric,
    condition: rule.condition,
    threshold: rule.threshold,
    duration: rule.forMs / 1000,
    nodeFilter: rule.nodeFilter ?? null,
    enabled: rule.enabled,
    createdAt: time(rule.createdAt ?? 0),
    updatedAt: time(rule.updatedAt ?? 0),
  }
}

export function simpleEventJson(event: AlertHistoryEvent): SimpleAlertEventJson {
  return {
    id: event.seq,
    ruleId: event.ruleId,
    ruleName: event.rule,
    nodeId: event.labels['node'] ?? '',
    value: event.value,
    status: event.event === 'resolved' ? 'resolved' : 'firing',
    message: event.text,
    timestamp: time(event.at),
  }
}
