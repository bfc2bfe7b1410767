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
  AlertTelling,
} from '../store/alerts/alert-records.ts'

/** How long an alert that is over is shown beside those that are not, ms. */
export const shownMs = 24 * 3_600_000

/** How long it is kept what was told of a group that is over, ms: a message is given up after a day, and that shows for another. */
export const toldMs = 2 * shownMs

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
  /** By id of the message. */
  tellings: ReadonlyMap<string, AlertTelling>
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

type Decide<T> = (state: AlertState) => AlertDecision<T> | Promise<AlertDecision<T>>

/** The one place where alerts change: what it holds is on disk. */
export interface AlertLedger {
  state(): AlertState
  /**
   * Decides on the state as it is, and stores what was decided; one after the other, so that the state stands still meanwhile. When it
   * cannot be stored nothing has changed.
   */
  change<T>(decide: Decide<T>): Promise<T>
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
    tellings: byId(stored.tellings),
    memory: stored.memory ?? { judgedAt, looks: [] },
    lastSeq: stored.lastSeq,
  }
  let last: Promise<unknown> = Promise.resolve()

  const changeNow = async <T>(decide: Decide<T>): Promise<T> => {
    const { changes, open, result } = await decide(state)
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

/** What the state keeps by keys. */
interface Kept {
  open: Alert
  over: Alert
  rules: AlertRule
  silences: Silence
  groups: AlertGroup
  deliveries: AlertDelivery
  tellings: AlertTelling
}

function byId<T extends { id: string }>(records: readonly T[]): Map<string, T> {
  return new Map(records.map((record) => [record.id, record]))
}

/** The state after changes. What they do not touch is the same map as before. */
export function applied(state: AlertState, changes: readonly AlertChange[], now: number): AlertState {
  const next = { ...state }
  const copied = new Set<keyof Kept>()
  /** The records of a kind, to be changed: a copy, made once. */
  const own = <Name extends keyof Kept>(name: Name): Map<string, Kept[Name]> => {
    const held = next[name] as Map<string, Kept[Name]>
    if (copied.has(name)) return held
    copied.add(name)
    const copy = new Map(held)
    next[name] = copy as AlertState[Name]
    return copy
  }
  const put = <Name extends Exclude<keyof Kept, 'open'>>(name: Name, record: Kept[Name]) =>
    own(name).set(record.id, record)
  for (const change of changes) {
    switch (change.kind) {
      case 'alert': {
        const { alert } = change
        const key = alertKey({ id: alert.ruleId }, alert.key)
        if (isOpen(alert)) own('open').set(key, alert)
        else {
          if (next.open.get(key)?.id === alert.id) own('open').delete(key)
          put('over', alert)
        }
        break
      }
      case 'alert-dropped':
        own('open').delete(alertKey({ id: change.alert.ruleId }, change.alert.key))
        break
      case 'alert-rule':
        put('rules', change.rule)
        break
      case 'alert-rule-removed':
        own('rules').delete(change.id)
        break
      case 'alert-silence':
        put('silences', change.silence)
        break
      case 'alert-group':
        put('groups', change.group)
        break
      case 'alert-group-ended':
        own('groups').delete(change.id)
        break
      case 'alert-delivery':
        put('deliveries', change.delivery)
        break
      case 'alert-delivered':
        if (next.deliveries.get(change.id)?.message.id === change.message) own('deliveries').delete(change.id)
        break
      case 'alert-telling':
        put('tellings', change.telling)
        break
      case 'alert-told': {
        const known = next.tellings.get(change.message)
        if (known) put('tellings', { ...known, told: change.told })
        break
      }
      case 'alert-telling-dropped':
        own('tellings').delete(change.id)
        break
      case 'alert-memory':
        next.memory = change.memory
        break
      case 'alerts-forgotten':
        for (const { id, endsAt } of state.silences.values()) if (endsAt < change.before) own('silences').delete(id)
        for (const { id, group, at } of state.tellings.values())
          if (at < change.toldBefore && !next.groups.has(group)) own('tellings').delete(id)
        break
      case 'alert-event':
        break
    }
  }
  for (const { id, resolvedAt = now } of state.over.values()) if (now - resolvedAt > shownMs) own('over').delete(id)
  return next
}
