import type { Alert } from '@navarch/core/alert/alert'
import { type AlertMessage, messageOf } from '@navarch/core/alert/alert-message'
import { type AlertRule, rulesInForce } from '@navarch/core/alert/alert-rule'
import { summaryOf } from '@navarch/core/alert/alert-words'
import type { AlertsSpec } from '@navarch/core/alert/alerts-spec'
import { type HourOfLooks, withLook } from '@navarch/core/alert/availability'
import { defaultRules } from '@navarch/core/alert/default-rules'
import {
  type AlertEvent,
  type Evaluation,
  type EvaluationInput,
  evaluateInParts,
} from '@navarch/core/alert/evaluate-rules'
import { inhibitedBy } from '@navarch/core/alert/inhibit'
import { planNotifications } from '@navarch/core/alert/plan-notifications'
import { silenceOf } from '@navarch/core/alert/silence'
import type { AlertDelivery, AlertTelling } from '../store/alerts/alert-records.ts'
import type { AlertSources } from './alert-sources.ts'
import { type AlertDecision, type AlertLedger, type AlertState, type NewAlertChange, toldMs } from './alert-state.ts'
import { leftOut, outOfMind, toldOf } from './tellings.ts'

export interface AlertJudgeDeps {
  spec: AlertsSpec
  ledger: AlertLedger
  sources: AlertSources
  /** The open operation that is at an alert. */
  operationOf: (alert: Alert) => string | undefined
  /** The operation that would be at it once a person approves it. */
  proposalOf: (alert: Alert) => string | undefined
  /** Lets others have the processor. */
  breathe: () => Promise<void>
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
  rules(): readonly AlertRule[]
  /** One of them. */
  rule(id: string): AlertRule | undefined
  muting(): Muting
  /** Why nothing can be said of a rule, by its id, as of the last round. */
  problems(): ReadonlyMap<string, string>
  /** Firing alerts that nothing mutes. */
  heard(): Alert[]
  /** One look at Slurm more. */
  looked(answered: boolean): void
  looks(): readonly HourOfLooks[]
  /** What the last round took of the processor, ms: without what it waited for. */
  tookMs(): number
}

/** How often it is stored that alerts were judged where nothing else is, ms. */
const memoryMs = 30_000
/** How often old history is removed, ms. */
const forgetMs = 3_600_000
/** Work of a round after which others have the processor, ms. */
const partMs = 10

/** What a round came to, beside what is in the ledger. */
interface Round {
  problems: ReadonlyMap<string, string>
  muting: Muting
  rememberedAt: number
  forgotAt: number
  tookMs: number
}

export function createAlertJudge(deps: AlertJudgeDeps): AlertJudge {
  const { spec, ledger, sources, operationOf, proposalOf, breathe, now, newId } = deps
  let last: Round = {
    problems: new Map(),
    muting: { silenced: new Map(), inhibited: new Map() },
    rememberedAt: 0,
    forgotAt: 0,
    tookMs: 0,
  }
  let { looks } = ledger.state().memory
  const told = new Set(spec.receivers.flatMap(({ type, name }) => (type === 'alertmanager' ? [] : [name])))

  let inForce: { made: AlertState['rules']; rules: AlertRule[]; byId: Map<string, AlertRule> } | undefined
  /** They change with the rules of the API alone. */
  const currentRules = () => {
    const made = ledger.state().rules
    if (inForce?.made !== made) {
      const rules = rulesInForce(spec.defaults ? defaultRules : [], spec.rules, [...made.values()])
      inForce = { made, rules, byId: new Map(rules.map((rule) => [rule.id, rule])) }
    }
    return inForce
  }

  /** Takes a breath where the last one was long ago, and tells what was work of the time. */
  const breathing = () => {
    let since = now()
    let workedMs = 0
    const rest = async () => {
      const partTookMs = now() - since
      if (partTookMs < partMs) return
      workedMs += partTookMs
      await breathe()
      since = now()
    }
    return { rest, workedMs: () => workedMs + now() - since }
  }

  const evaluate = async (input: EvaluationInput, rest: () => Promise<void>): Promise<Evaluation> => {
    const work = evaluateInParts(input)
    for (;;) {
      const { done, value } = work.next()
      if (done) return value
      await rest()
    }
  }

  const mute = (state: AlertState, open: readonly Alert[], rules: readonly AlertRule[], at: number): Muting => {
    const firing = open.filter((alert) => alert.state === 'firing')
    const active = [...state.silences.values()].filter(({ startsAt, endsAt }) => startsAt <= at && at < endsAt)
    const silenced = new Map<string, string>()
    if (active.length > 0) {
      for (const alert of open) {
        const silence = silenceOf(alert, active, at)
        if (silence) silenced.set(alert.id, silence.id)
      }
    }
    return { silenced, inhibited: inhibitedBy(firing, rules) }
  }

  const decide = async (state: AlertState, readings: EvaluationInput['readings']) => {
    const at = now()
    const { rules, byId } = currentRules()
    const { rest, workedMs } = breathing()
    const evaluation = await evaluate({ rules, open: state.open, readings, now: at, newId }, rest)
    const open = [...evaluation.open.values()]
    const muting = mute(state, open, rules, at)
    await rest()
    const openIds = new Set(open.map((alert) => alert.id))
    const over = new Map([...state.over, ...evaluation.changed.map((alert): [string, Alert] => [alert.id, alert])])
    const plan = planNotifications({
      alerts: open.filter(isHeard(muting)),
      isOpen: (id) => openIds.has(id),
      over: (id) => over.get(id),
      groups: [...state.groups.values()],
      routes: spec.routes,
      now: at,
      newId,
    })
    const tellings: AlertTelling[] = []
    const deliveries = plan.notifications.flatMap((notification): NewAlertChange[] => {
      const receivers = notification.receivers.filter((receiver) => told.has(receiver))
      if (receivers.length === 0) return []
      const message = messageOf(notification, {
        id: newId(),
        now: at,
        rule: (id) => byId.get(id),
        operationOf,
        proposalOf,
        ...(spec.url !== undefined && { url: spec.url }),
      })
      const alerts = notification.alerts.map((alert) => alert.id)
      tellings.push({ id: message.id, group: message.groupId, at, alerts, told: [] })
      return receivers.map((receiver) => ({ kind: 'alert-delivery', delivery: newDelivery(receiver, message, at) }))
    })
    const takenAlong = takeAlong(evaluation, state.tellings, tellings)
    const changes: NewAlertChange[] = [
      ...evaluation.dropped.map((alert): NewAlertChange => ({ kind: 'alert-dropped', alert })),
      ...takenAlong.changed.map((alert): NewAlertChange => ({ kind: 'alert', alert })),
      ...evaluation.events.map(historyOf(at)),
      ...plan.changed.map((group): NewAlertChange => ({ kind: 'alert-group', group })),
      ...plan.ended.map((id): NewAlertChange => ({ kind: 'alert-group-ended', id })),
      ...tellings.map((telling): NewAlertChange => ({ kind: 'alert-telling', telling })),
      ...outOfMind(tellings, state.tellings.values()).map(
        (id): NewAlertChange => ({ kind: 'alert-telling-dropped', id }),
      ),
      ...deliveries,
    ]
    const round = { ...last, problems: evaluation.problems, muting }
    if (changes.length > 0 || at - last.rememberedAt >= memoryMs) {
      changes.push({ kind: 'alert-memory', memory: { judgedAt: at, looks } })
      round.rememberedAt = at
    }
    if (at - last.forgotAt >= forgetMs) {
      changes.push({ kind: 'alerts-forgotten', before: at - spec.historyMs, toldBefore: at - toldMs })
      round.forgotAt = at
    }
    const result = { round: { ...round, tookMs: workedMs() }, events: evaluation.events }
    const decision: AlertDecision<typeof result> = { changes, open: takenAlong.open, result }
    return decision
  }

  return {
    rules: () => currentRules().rules,
    rule: (id) => currentRules().byId.get(id),
    muting: () => last.muting,
    problems: () => last.problems,
    heard: () => [...ledger.state().open.values()].filter(isHeard(last.muting)),
    looked(answered) {
      looks = withLook(looks, now(), answered)
    },
    looks: () => looks,
    tookMs: () => last.tookMs,
    async judge() {
      const { round, events } = await ledger.change((state) => decide(state, sources.gather()))
      // What could not be stored has not happened: the next round decides it anew.
      last = round
      return events
    },
  }
}

function isHeard({ silenced, inhibited }: Muting): (alert: Alert) => boolean {
  return ({ id, state }) => state === 'firing' && !silenced.has(id) && !inhibited.has(id)
}

/** Alerts that are over, or that no message tells of any more, with what was told of them: their group may forget it. */
function takeAlong(
  { open, changed }: Evaluation,
  before: AlertState['tellings'],
  next: readonly AlertTelling[],
): Pick<Evaluation, 'open' | 'changed'> {
  const left = leftOut(next, before.values())
  const leaves = ({ id, state }: Alert) => state === 'resolved' || left.has(id)
  const changedIds = new Set(changed.map(({ id }) => id))
  const leaving =
    left.size === 0 ? [] : [...open.values()].filter((alert) => leaves(alert) && !changedIds.has(alert.id))
  const told = toldOf([...changed.filter(leaves), ...leaving], before.values())
  const withTold = (alert: Alert): Alert => {
    const found = told.get(alert.id) ?? []
    return found.length === 0 ? alert : { ...alert, told: found }
  }
  return {
    open: left.size === 0 ? open : new Map([...open].map(([key, alert]) => [key, withTold(alert)])),
    changed: [...changed, ...leaving].map(withTold),
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
