/**
 * Alerts: what is wrong now, the rules that say so, and who is told.
 *
 * | method and path | query or body | answer |
 * |---|---|---|
 * | GET /api/v1/alerts | state (pending, firing, resolved), severity, rule, node, pool, group; limit (at most 10000; absent: all), offset: pages are no snapshot | AlertJson[], the gravest and newest first; resolved ones of the last day. `X-Total-Count`: how many match |
 * | GET /api/v1/alerts/:id | | AlertJson |
 * | POST /api/v1/alerts/:id/acknowledge | {note, group} | AlertsChangedJson: what was acknowledged; with `group: true` all that fire in its group |
 * | POST /api/v1/alerts/:id/unacknowledge | {group} | AlertsChangedJson |
 * | GET /api/v1/alert-history | limit (100, at most 1000), before (seq), rule, node, alert | AlertHistoryJson[], newest first |
 * | GET /api/v1/alert-silences | all=true: those that are over too | SilenceJson[] |
 * | POST /api/v1/alert-silences | NewSilenceJson | 201, SilenceJson |
 * | GET /api/v1/alert-silences/:id | | SilenceJson |
 * | DELETE /api/v1/alert-silences/:id | | SilenceJson, ended now; 409 where it was over already |
 * | GET /api/v1/alert-rules | | AlertRuleJson[] |
 * | POST /api/v1/alert-rules | NewAlertRuleJson | 201, AlertRuleJson |
 * | GET, PUT, DELETE /api/v1/alert-rules/:id | PUT: NewAlertRuleJson | AlertRuleJson; DELETE: 204. Only rules with source `api` can be changed |
 * | GET /api/v1/alert-metrics | | AlertMetricJson[]: what rules can be about |
 * | GET /api/v1/alert-receivers | | AlertReceiverJson[] |
 * | POST /api/v1/alert-receivers/:name/test | | AlertTestJson: a message was sent to it now |
 */
export const alertRoutes = {
  alerts: '/api/v1/alerts',
  alert: '/api/v1/alerts/:id',
  alertAcknowledge: '/api/v1/alerts/:id/acknowledge',
  alertUnacknowledge: '/api/v1/alerts/:id/unacknowledge',
  alertHistory: '/api/v1/alert-history',
  alertSilences: '/api/v1/alert-silences',
  alertSilence: '/api/v1/alert-silences/:id',
  alertRules: '/api/v1/alert-rules',
  alertRule: '/api/v1/alert-rules/:id',
  alertMetrics: '/api/v1/alert-metrics',
  alertReceivers: '/api/v1/alert-receivers',
  alertReceiverTest: '/api/v1/alert-receivers/:name/test',
} as const

/** How many there are in all, where an answer is a page of them. */
export const totalCountHeader = 'x-total-count'

/**
 * The routes of the GPU monitoring document: rules with that document's fields, `SimpleAlertRuleJson`.
 *
 * | method and path | query or body | answer |
 * |---|---|---|
 * | GET /api/alerts | | SimpleAlertRuleJson[]: rules made over the API that have one of its metrics |
 * | POST /api/alerts | the rule without id | 201, SimpleAlertRuleJson |
 * | GET, PUT, DELETE /api/alerts/:id | PUT: any of its fields | SimpleAlertRuleJson; DELETE: 204 |
 * | GET /api/alerts/events/history | limit (100, at most 1000) | SimpleAlertEventJson[], newest first |
 */
export const simpleAlertRoutes = {
  simpleAlerts: '/api/alerts',
  simpleAlert: '/api/alerts/:id',
  simpleAlertHistory: '/api/alerts/events/history',
} as const

export type AlertSeverity = 'info' | 'warning' | 'critical'
export type AlertState = 'pending' | 'firing' | 'resolved'
export type AlertCondition = 'gt' | 'lt' | 'eq' | 'gte' | 'lte'

/** One thing that is wrong, from its first sight to its end. It happening again is another alert. */
export interface AlertJson {
  id: string
  /** The rule's name. */
  rule: string
  severity: AlertSeverity
  /** `pending`: the condition holds, not yet for as long as the rule wants. */
  state: AlertState
  /** What it is about, e.g. node, pool, gpu, rack, switch, partition. */
  labels: Record<string, string>
  /** The last value for which the condition held. */
  value: number | null
  /** Since when the value is not known: the alert then stays as it is. null: it is known. */
  unknown_since: string | null
  unit: string
  condition: AlertCondition
  threshold: number
  /** e.g. "gpu-17 GPU 3 is at 91 °C (more than 83 °C for 5m)" */
  summary: string
  /** What it means, in a sentence. */
  meaning: string
  /** What to do, in a sentence or two. */
  action: string
  runbook_url: string | null
  /** The open operation that is at it, i.e. Navarch itself; null: nobody is, as far as Navarch knows. */
  being_handled: string | null
  /** The operation that would be at it, and waits for a person to approve it. */
  awaits_approval: string | null
  started_at: string
  /** null while it is pending. */
  fired_at: string | null
  resolved_at: string | null
  /** Why it ended, e.g. "the value is 71 °C", "the node is gone", "the rule was removed"; "" before. */
  resolved_reason: string
  acknowledged: AlertAcknowledgementJson | null
  /** The silence that mutes it. */
  silenced_by: string | null
  /** The alert that mutes it because it explains this one. */
  inhibited_by: string | null
  /** What it is told together with; alerts of a group are one notification. */
  group: string
  /**
   * Who was told, newest first: at most the last ten. Of an alert that is over for more than a day, what becomes of a message then is here
   * for as long as the message is remembered: ten more of its group, or two days.
   */
  notified: { receiver: string; at: string; state: 'sent' | 'waiting' | 'failed'; error: string }[]
}

/** What a change was about. */
export interface AlertsChangedJson {
  alerts: AlertJson[]
}

export interface AlertAcknowledgementJson {
  by: string
  at: string
  note: string
}

export interface AlertHistoryJson {
  seq: number
  at: string
  alert: string
  rule: string
  severity: AlertSeverity
  labels: Record<string, string>
  event: 'fired' | 'resolved' | 'acknowledged' | 'unacknowledged' | 'silenced' | 'unsilenced' | 'notified' | 'escalated'
  value: number | null
  /** e.g. the summary, the note, the receiver. */
  text: string
  /** The person or program; "" where it was Navarch. */
  by: string
}

/** All matchers must hold. `rule` and `severity` match like labels. */
export interface AlertMatcherJson {
  label: string
  /** `=~` and `!~`: a regular expression for the whole value. */
  op: '=' | '!=' | '=~' | '!~'
  value: string
}

export interface SilenceJson {
  id: string
  matchers: AlertMatcherJson[]
  reason: string
  by: string
  created_at: string
  starts_at: string
  ends_at: string
  state: 'waiting' | 'active' | 'over'
  /** How many open alerts it mutes now. */
  alerts: number
}

export interface NewSilenceJson {
  matchers: AlertMatcherJson[]
  /** Required, and never empty. */
  reason: string
  /** RFC 3339; null or absent: now. */
  starts_at?: string | null
  /** RFC 3339; this or `duration_seconds` is required. */
  ends_at?: string
  duration_seconds?: number
}

export interface NewAlertRuleJson {
  /** 1 to 100 characters; unique. That of a default rule replaces it. */
  name: string
  /** One of `GET /api/v1/alert-metrics`. */
  metric: string
  condition: AlertCondition
  threshold: number
  /** How long the condition must hold, seconds. */
  duration?: number
  /** How long it must not hold before the alert ends, seconds; by itself `duration`, at most 300. */
  resolve_after?: number
  /** A regular expression for the node's name. */
  node_filter?: string | null
  /** Labels that the value must have. */
  labels?: Record<string, string>
  severity?: AlertSeverity
  meaning?: string
  action?: string
  runbook_url?: string | null
  /** Names of rules that explain this one: while one fires whose labels this alert has too, nobody is told of it. */
  inhibited_by?: string[]
  enabled?: boolean
}

export interface AlertRuleJson extends Required<NewAlertRuleJson> {
  id: string
  unit: string
  source: 'default' | 'config' | 'api'
  /** Open alerts of this rule. */
  pending: number
  firing: number
  /** Why nothing can be said, e.g. "Slurm is not seen"; null when values come. */
  problem: string | null
  created_at: string | null
  updated_at: string | null
}

export interface AlertMetricJson {
  name: string
  unit: string
  /** What there is one value for: cluster, pool, node, gpu, … */
  per: string
  /** Labels of its alerts. */
  labels: string[]
  description: string
  source: string
}

export interface AlertReceiverJson {
  name: string
  type: 'webhook' | 'slack' | 'email' | 'pagerduty' | 'alertmanager'
  /** Where to, without secrets. */
  target: string
  last_sent_at: string | null
  /** Messages that wait to be delivered. */
  waiting: number
  /** Why the last try failed, or why none can succeed, e.g. a variable that is not set; "" when neither is so. */
  error: string
}

export interface AlertTestJson {
  receiver: string
  sent: boolean
  /** Milliseconds that it took. */
  took_ms: number
  error: string
}

export interface SimpleAlertRuleJson {
  id: string
  name: string
  metric: SimpleAlertMetric
  condition: AlertCondition
  threshold: number
  /** Seconds. */
  duration: number
  nodeFilter: string | null
  enabled: boolean
  createdAt: string
  updatedAt: string
}

export const simpleAlertMetrics = [
  'gpu_utilization',
  'gpu_memory_used',
  'gpu_memory_percent',
  'gpu_temperature',
  'gpu_power',
  'slurm_cpus_alloc',
  'slurm_queue_pending',
  'slurm_queue_running',
] as const
export type SimpleAlertMetric = (typeof simpleAlertMetrics)[number]

export interface SimpleAlertEventJson {
  id: number
  ruleId: string
  ruleName: string
  /** "" where it is about no node. */
  nodeId: string
  value: number | null
  status: 'firing' | 'resolved'
  message: string
  timestamp: string
}
