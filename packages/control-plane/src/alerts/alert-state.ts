import { type Alert, alertKey, isOpen } from '@navarch/core/alert/alert'
import type { AlertRule } from '@navarch/core/alert/alert-rule'
import { afterPause } from '@navarch/core/alert/evaluate-rules'
import type { AlertGroup } from '@navarch/core/alert/plan-notifications'
import type { Silence } from '@navarch/core/alert/silence'
import type {
  AlertChange,
  AlertDelivery,
  AlertHistoryEvent,
  AlertMemory,
  AlertReads,
} from '../store/alerts/alert-records.ts'

/** How long an alert that is over is shown beside those that are not, ms. */
export const shownMs = 24 * 3_600_000

/** All that is known of alerts, in memory. Records are never modified in place. */
export interface AlertState {
  /** By `alertKey`. */
  open: ReadonlyMap<string, Alert>
  /** Those of the last day, by id. */
  over: ReadonlyMap<string, Alert>
  /** Made over the API, by id. */
  rules: ReadonlyMap<string, AlertRule>
  silences: ReadonlyMap<string, Silence>
  groups: ReadonlyMap<string, AlertGroup>
  deliveries: ReadonlyMap<string, AlertDelivery>
  memory: AlertMemory
  lastSeq: number
}

/** An event of the history, before it has its number. */
export type NewAlertEvent = Omit<AlertHistoryEvent, 'seq'>

export type NewAlertChange =
  | Exclude<AlertChange, { kind: 'alert-event' }>
  | { kind: 'alert-event'; event: NewAlertEvent }

export interface AlertDecision<T> {
  changes: readonly NewAlertChange[]
  /** Open alerts with their newest values, which are not worth storing. */
  open?: ReadonlyMap<string, Alert>
  result: T
}

/** The one place where alerts change: what it holds is on disk. */
export interface AlertLedger {
  state(): AlertState
  /**
   * Decides on the state as it is, and stores what was decided; one after the other. When it cannot be stored nothing has changed.
   */
  change<T>(decide: (state: AlertState) => AlertDecision<T>): Promise<T>
}

type AlertStore = AlertReads & { commit(changes: readonly AlertChange[]): Promise<void> }

/** Loads what is known of alerts. The time in which nobody judged them counts for nothing. */
export async function openAlertLedger(store: AlertStore, now: () => number): Promise<AlertLedger> {
  const stored = await store.load(now() - shownMs)
  const judgedAt = stored.memory?.judgedAt ?? now()
  const alerts = afterPause(stored.alerts, judgedAt)
  let state: AlertState = {
    open: new Map(alerts.filter(isOpen).map((alert) => [alertKey({ id: alert.ruleId }, alert.key), alert])),
    over: new Map(alerts.filter((alert) => !isOpen(alert)).map((alert) => [alert.id, alert])),
    rules: byId(stored.rules),
    silences: byId(stored.silences),
    groups: byId(stored.groups),
    deliveries: byId(stored.deliveries),
    memory: stored.memory ?? { judgedAt, looks: [] },
    lastSeq: stored.lastSeq,
  }
  let last: Promise<unknown> = Promise.resolve()

  const changeNow = async <T>(decide: (state: AlertState) => AlertDecision<T>): Promise<T> => {
    const { changes, open, result } = decide(state)
    let { lastSeq } = state
    const numbered = changes.map((change): AlertChange => {
      if (change.kind !== 'alert-event') return change
      lastSeq += 1
      return { kind: 'alert-event', event: { ...change.event, seq: lastSeq } }
    })
    await store.commit(numbered)
    state = { ...applied(state, numbered, now()), ...(open && { open }), lastSeq }
    return result
  }

  return {
    state: () => state,
    change(decide) {
      const result = last.then(() => changeNow(decide))
      last = result.catch(() => {})
      return result
    },
  }
}

function byId<T extends { id: string }>(records: readonly T[]): Map<string, T> {
  return new Map(records.map((record) => [record.id, record]))
}

/** The state after changes. */
export function applied(state: AlertState, changes: readonly AlertChange[], now: number): AlertState {
  const open = new Map(state.open)
  const over = new Map(state.over)
  const rules = new Map(state.rules)
  const silences = new Map(state.silences)
  const groups = new Map(state.groups)
  const deliveries = new Map(state.deliveries)
  let { memory } = state
  for (const change of changes) {
    switch (change.kind) {
      case 'alert': {
        const { alert } = change
        const key = alertKey({ id: alert.ruleId }, alert.key)
        if (isOpen(alert)) open.set(key, alert)
        else {
          if (open.get(key)?.id === alert.id) open.delete(key)
          over.set(alert.id, alert)
        }
        break
      }
      case 'alert-dropped':
        open.delete(alertKey({ id: change.alert.ruleId }, change.alert.key))
        break
      case 'alert-rule':
        rules.set(change.rule.id, change.rule)
        break
      case 'alert-rule-removed':
        rules.delete(change.id)
        break
      case 'alert-silence':
        silences.set(change.silence.id, change.silence)
        break
      case 'alert-group':
        groups.set(change.group.id, change.group)
        break
      case 'alert-group-ended':
        groups.delete(change.id)
        break
      case 'alert-delivery':
        deliveries.set(change.delivery.id, change.delivery)
        break
      case 'alert-delivered':
        if (deliveries.get(change.id)?.message.id === change.message) deliveries.delete(change.id)
        break
      case 'alert-memory':
        memory = change.memory
        break
      case 'alerts-forgotten':
        for (const [id, silence] of silences) if (silence.endsAt < change.before) silences.delete(id)
        break
      case 'alert-event':
        break
    }
  }
  for (const [id, alert] of over) if (now - (alert.resolvedAt ?? now) > shownMs) over.delete(id)
  return { ...state, open, over, rules, silences, groups, deliveries, memory }
}
