import type { AlertRoute } from './alert-route.ts'
import type { AlertRule } from './alert-rule.ts'

/** Where a secret is: in a variable, in a file, or in the configuration itself. */
export type SecretRef = { kind: 'env'; name: string } | { kind: 'file'; path: string } | { kind: 'text'; text: string }

interface NamedReceiver {
  name: string
  /** Deadline of one try, ms. */
  timeoutMs: number
}

export interface WebhookReceiver extends NamedReceiver {
  type: 'webhook'
  url: SecretRef
  /** Signs each body. */
  secret?: SecretRef
  token?: SecretRef
  headers: Readonly<Record<string, string>>
}

export interface SlackReceiver extends NamedReceiver {
  type: 'slack'
  url: SecretRef
  channel?: string
}

export interface EmailReceiver extends NamedReceiver {
  type: 'email'
  to: readonly string[]
  from: string
  host: string
  port: number
  /** `starttls`: refused where the server has none. `auto`: used where the server has it. */
  tls: 'auto' | 'starttls' | 'tls' | 'none'
  username?: string
  password?: SecretRef
}

export interface PagerDutyReceiver extends NamedReceiver {
  type: 'pagerduty'
  routingKey: SecretRef
  url: string
}

/** Hears of all its alerts again and again, ungrouped: it groups and repeats by itself. */
export interface AlertmanagerReceiver extends NamedReceiver {
  type: 'alertmanager'
  urls: readonly string[]
  token?: SecretRef
  username?: string
  password?: SecretRef
}

export type ReceiverSpec = WebhookReceiver | SlackReceiver | EmailReceiver | PagerDutyReceiver | AlertmanagerReceiver

/** What a configuration says of alerts. */
export interface AlertsSpec {
  /** Whether the built-in rules hold. */
  defaults: boolean
  /** Rules of the configuration, complete; one with a default's name has what it does not say from there. */
  rules: readonly AlertRule[]
  receivers: readonly ReceiverSpec[]
  routes: readonly AlertRoute[]
  /** How often rules are judged, ms. */
  intervalMs: number
  /** How long the history is kept, ms. */
  historyMs: number
  /** Paths whose file systems are watched, besides the data directory. */
  volumes: readonly string[]
  databases: readonly DatabaseSpec[]
  /** Base URL of the links in messages. */
  url?: string
}

/** A database whose connections are counted by a command that prints "USED MAX". */
export interface DatabaseSpec {
  name: string
  command: string
}

/** What holds where a configuration says nothing. */
export const defaultAlerts: AlertsSpec = {
  defaults: true,
  rules: [],
  receivers: [],
  routes: [],
  intervalMs: 15_000,
  historyMs: 90 * 24 * 3_600_000,
  volumes: [],
  databases: [],
}
