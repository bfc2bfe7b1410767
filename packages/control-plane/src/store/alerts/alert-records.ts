import type { Alert, Told } from '@navarch/core/alert/alert'
import type { AlertMessage } from '@navarch/core/alert/alert-message'
import type { AlertRule } from '@navarch/core/alert/alert-rule'
import type { HourOfLooks } from '@navarch/core/alert/availability'
import type { AlertGroup } from '@navarch/core/alert/plan-notifications'
import type { Silence } from '@navarch/core/alert/silence'
import type { Operation } from '@navarch/core/operation/operation'

/** A line of the alerts' history. Times in ms since the epoch. */
export interface AlertHistoryEvent {
  /** Rises by one with each event. */
  seq: number
  at: number
  alert: string
  ruleId: string
  rule: string
  severity: Alert['severity']
  labels: Alert['labels']
  event: 'fired' | 'resolved' | 'acknowledged' | 'unacknowledged' | 'silenced' | 'unsilenced' | 'notified' | 'escalated'
  value: number | null
  text: string
  by: string
}

/**
 * A message that a receiver has not taken yet. There is one for a receiver and a group: a newer one takes the place of one that waits,
 * so that a receiver that was away for a day hears how things are, not how they came to be so.
 */
export interface AlertDelivery {
  /** Of receiver and group. */
  id: string
  receiver: string
  message: AlertMessage
  attempts: number
  /** Not tried before, ms since the epoch. */
  notBefore: number
  /** Why the last try failed; "" before it. */
  error: string
}

/** What a message tells of, and what became of it: stored once, however many alerts it has and however many receivers. */
export interface AlertTelling {
  /** Of the message. */
  id: string
  /** Id of the group. */
  group: string
  at: number
  /** Ids of all alerts that it tells of. */
  alerts: readonly string[]
  /** Newest first; nothing of receivers for which it still waits. */
  told: readonly Told[]
}

/** What the judge of alerts remembers of itself. */
export interface AlertMemory {
  /** When alerts were last judged. */
  judgedAt: number
  looks: readonly HourOfLooks[]
}

export type AlertChange =
  | { kind: 'alert'; alert: Alert }
  | { kind: 'alert-dropped'; alert: Alert }
  | { kind: 'alert-event'; event: AlertHistoryEvent }
  | { kind: 'alert-rule'; rule: AlertRule }
  | { kind: 'alert-rule-removed'; id: string }
  | { kind: 'alert-silence'; silence: Silence }
  | { kind: 'alert-group'; group: AlertGroup }
  | { kind: 'alert-group-ended'; id: string }
  | { kind: 'alert-delivery'; delivery: AlertDelivery }
  /** Unless a newer message has taken its place. */
  | { kind: 'alert-delivered'; id: string; message: string }
  | { kind: 'alert-telling'; telling: AlertTelling }
  /** All that is known of what became of a message. */
  | { kind: 'alert-told'; message: string; told: readonly Told[] }
  | { kind: 'alert-telling-dropped'; id: string }
  | { kind: 'alert-memory'; memory: AlertMemory }
  /** Removes what was over before a time: alerts, silences and history; of groups that are over, what was told before another one. */
  | { kind: 'alerts-forgotten'; before: number; toldBefore: number }

/** All that is needed in memory. */
export interface StoredAlerts {
  /** Open ones, and those that were resolved after `resolvedSince`. */
  alerts: Alert[]
  rules: AlertRule[]
  silences: Silence[]
  groups: AlertGroup[]
  deliveries: AlertDelivery[]
  tellings: AlertTelling[]
  memory: AlertMemory | undefined
  /** The newest event's number; 0 when there is none. */
  lastSeq: number
}

export interface AlertHistoryQuery {
  limit: number
  /** Events with a smaller number. */
  before?: number
  rule?: string
  node?: string
  alert?: string
  /** Of these kinds alone. */
  events?: readonly AlertHistoryEvent['event'][]
}

export interface AlertReads {
  load(resolvedSince: number): Promise<StoredAlerts>
  /**
   * The fleet's operations that began since, oldest first, those that are over too, page by page: there may be very many.
   * @param since ms since the epoch
   */
  operationsSince(since: number, inPage?: number): AsyncIterable<readonly Operation[]>
  /** Newest first. */
  history(query: AlertHistoryQuery): Promise<AlertHistoryEvent[]>
  alert(id: string): Promise<Alert | undefined>
  /** Of the server; undefined where there is none. */
  connections(): Promise<{ used: number; max: number } | undefined>
}
