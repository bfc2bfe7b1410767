import type { Alert } from '@navarch/core/alert/alert'
import { type AlertMessage, messageOf } from '@navarch/core/alert/alert-message'
import type { MetricName } from '@navarch/core/alert/alert-metrics'
import { type AlertRule, rulesInForce } from '@navarch/core/alert/alert-rule'
import { summaryOf } from '@navarch/core/alert/alert-words'
import type { AlertsSpec } from '@navarch/core/alert/alerts-spec'
import { type HourOfLooks, withLook } from '@navarch/core/alert/availability'
import { defaultRules } from '@navarch/core/alert/default-rules'
import { type AlertEvent, evaluateRules } from '@navarch/core/alert/evaluate-rules'
import { inhibitedBy } from '@navarch/core/alert/inhibit'
import { planNotifications } from '@navarch/core/alert/plan-notifications'
import { silenceOf } from '@navarch/core/alert/silence'
import type { AlertDelivery } from '../store/alerts/alert-records.ts'
import type { AlertSources } from './alert-sources.ts'
import type { AlertDecision, AlertLedger, AlertState, NewAlertChange } from './alert-state.ts'

export interface AlertJudgeDeps {
  spec: AlertsSpec
  ledger: AlertLedger
  sources: AlertSources
  /** The open operation that is at an alert. */
  operationOf: (alert: Alert) => string | undefined
  now: () => number
  newId: () => string
}

/** What mutes an alert. */
export interface Muting {
  /** Silence by alert id. */
  silenced: ReadonlyMap<string, string>
  /** The alert that explains it, by alert id. */
  inhibited: ReadonlyMap<string, string>
}

/** Judges rules, and decides who is told. */
export interface AlertJudge {
  /** One round. Resolves, when all of it is durable, with what fired or is over. */
  judge(): Promise<readonly AlertEvent[]>
  /** Those in force. */
  rules(): AlertRule[]
  muting(): Muting
  /** Why nothing can be said of a rule, by its id, as of the last round. */
  problems(): ReadonlyMap<string, string>
  /** Firing alerts that nothing mutes. */
  heard(): Alert[]
  /** One look at Slurm more. */
  looked(answered: boolean): void
  looks(): readonly HourOfLooks[]
}

/** How often it is stored that alerts were judged where nothing else is, ms. */
const memoryMs = 30_000
/** How often old history is removed, ms. */
const forgetMs = 3_600_000

export function createAlertJudge({ spec, ledger, sources, operationOf, now, newId }: AlertJudgeDeps): AlertJudge {
  let problems: ReadonlyMap<string, string> = new Map()
  let muting: Muting = { silenced: new Map(), inhibited: new Map() }
  let { looks } = ledger.state().memory
  let rememberedAt = 0
  let forgotAt = 0
  const told = new Set(spec.receivers.flatMap(({ type, name }) => (type === 'alertmanager' ? [] : [name])))

  const rules = () => rulesInForce(spec.defaults ? defaultRules : [], spec.rules, [...ledger.state().rules.values()])

  const mute = (state: AlertState, open: readonly Alert[], inForce: readonly AlertRule[], at: number): Muting => {
    const firing = open.filter((alert) => alert.state === 'firing')
    const active = [...state.silences.values()].filter(({ startsAt, endsAt }) => startsAt <= at && at < endsAt)
    const silenced = new Map<string, string>()
    if (active.length > 0) {
      for (const alert of open) {
        const silence = silenceOf(alert, active, at)
        if (silence) silenced.set(alert.id, silence.id)
      }
    }
    return { silenced, inhibited: inhibitedBy(firing, inForce) }
  }
  const isHeard = (alert: Alert) =>
    alert.state === 'firing' && !muting.silenced.has(alert.id) && !muting.inhibited.has(alert.id)

  const decide = (state: AlertState, readings: Parameters<typeof evaluateRules>[0]['readings']) => {
    const at = now()
    const inForce = rules()
    const evaluation = evaluateRules({ rules: inForce, open: state.open, readings, now: at, newId })
    problems = evaluation.problems
    const open = [...evaluation.open.values()]
    muting = mute(state, open, inForce, at)
    const openIds = new Set(open.map((alert) => alert.id))
    const over = new Map([...state.over, ...evaluation.changed.map((alert): [string, Alert] => [alert.id, alert])])
    const plan = planNotifications({
      alerts: open.filter(isHeard),
      isOpen: (id) => openIds.has(id),
      over: (id) => over.get(id),
      groups: [...state.groups.values()],
      routes: spec.routes,
      now: at,
      newId,
    })
    const ruleById = new Map(inForce.map((rule) => [rule.id, rule]))
    const messages = plan.notifications.flatMap((notification): NewAlertChange[] => {
      const receivers = notification.receivers.filter((receiver) => told.has(receiver))
      if (receivers.length === 0) return []
      const message = messageOf(notification, {
        id: newId(),
        now: at,
        rule: (id) => ruleById.get(id),
        operationOf,
        ...(spec.url !== undefined && { url: spec.url }),
      })
      return receivers.map((receiver) => ({ kind: 'alert-delivery', delivery: newDelivery(receiver, message, at) }))
    })
    const changes: NewAlertChange[] = [
      ...evaluation.dropped.map((alert): NewAlertChange => ({ kind: 'alert-dropped', alert })),
      ...evaluation.changed.map((alert): NewAlertChange => ({ kind: 'alert', alert })),
      ...evaluation.events.map(historyOf(at)),
      ...plan.changed.map((group): NewAlertChange => ({ kind: 'alert-group', group })),
      ...plan.ended.map((id): NewAlertChange => ({ kind: 'alert-group-ended', id })),
      ...messages,
    ]
    if (changes.length > 0 || at - rememberedAt >= memoryMs) {
      changes.push({ kind: 'alert-memory', memory: { judgedAt: at, looks } })
      rememberedAt = at
    }
    if (at - forgotAt >= forgetMs) {
      changes.push({ kind: 'alerts-forgotten', before: at - spec.historyMs })
      forgotAt = at
    }
    const result: AlertDecision<readonly AlertEvent[]> = { changes, open: evaluation.open, result: evaluation.events }
    return result
  }

  return {
    rules,
    muting: () => muting,
    problems: () => problems,
    heard: () => [...ledger.state().open.values()].filter(isHeard),
    looked(answered) {
      looks = withLook(looks, now(), answered)
    },
    looks: () => looks,
    async judge() {
      const wanted = new Set<MetricName>(rules().flatMap((rule) => (rule.enabled ? [rule.metric] : [])))
      const readings = await sources.gather(wanted)
      return ledger.change((state) => decide(state, readings))
    },
  }
}

function newDelivery(receiver: string, message: AlertMessage, now: number): AlertDelivery {
  return { id: `${receiver}/${message.groupId}`, receiver, message, attempts: 0, notBefore: now, error: '' }
}

function historyOf(at: number): (event: AlertEvent) => NewAlertChange {
  return ({ kind, alert }) => ({
    kind: 'alert-event',
    event: {
      at,
      alert: alert.id,
      ruleId: alert.ruleId,
      rule: alert.rule,
      severity: alert.severity,
      labels: alert.labels,
      event: kind,
      value: alert.value,
      text: kind === 'fired' ? summaryOf(alert) : alert.resolvedReason,
      by: '',
    },
  })
}
