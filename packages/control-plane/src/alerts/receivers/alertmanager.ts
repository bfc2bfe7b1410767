import type { Alert } from '@navarch/core/alert/alert'
import type { AlertRule } from '@navarch/core/alert/alert-rule'
import { summaryOf } from '@navarch/core/alert/alert-words'
import type { AlertmanagerReceiver } from '@navarch/core/alert/alerts-spec'
import { postJson } from './post-json.ts'
import { DeliveryError, type ReceiverEffects } from './receiver.ts'

/** How often all that fires is told again; Alertmanager takes what it does not hear of any more for resolved. */
export const mirrorMs = 60_000
/** For how long an alert is to be believed, as Prometheus does: four times the interval (rules/manager.go). */
const believedMs = 4 * mirrorMs
const batchSize = 500

/** An alert as Alertmanager's API v2 has it. Source: api/v2/openapi.yaml of Alertmanager 0.16 and later. */
export interface PostableAlert {
  labels: Record<string, string>
  annotations: Record<string, string>
  startsAt: string
  endsAt: string
  generatorURL?: string
}

/** @param now ms since the epoch */
export function postableAlert(
  alert: Alert,
  rule: AlertRule | undefined,
  url: string | undefined,
  now: number,
): PostableAlert {
  const labels = Object.entries(alert.labels).filter(([name, value]) => isLabel(name) && value !== '')
  return {
    labels: { ...Object.fromEntries(labels), alertname: alert.rule, severity: alert.severity },
    annotations: {
      summary: summaryOf(alert),
      ...(rule?.meaning && { description: rule.meaning }),
      ...(rule?.action && { action: rule.action }),
      ...(rule?.runbookUrl && { runbook_url: rule.runbookUrl }),
    },
    startsAt: new Date(alert.firedAt ?? alert.startedAt).toISOString(),
    endsAt: new Date(alert.resolvedAt ?? now + believedMs).toISOString(),
    ...(url !== undefined && { generatorURL: `${url}/alerts/${encodeURIComponent(alert.id)}` }),
  }
}

function isLabel(name: string): boolean {
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)
}

/**
 * Posts alerts to every Alertmanager of a cluster; one that takes them is enough.
 * @throws DeliveryError when none did
 */
export async function postAlerts(
  spec: AlertmanagerReceiver,
  alerts: readonly PostableAlert[],
  signal: AbortSignal,
  effects: ReceiverEffects,
): Promise<void> {
  const token = spec.token && (await effects.secret(spec.token))
  const password = spec.password && (await effects.secret(spec.password))
  const basic = Buffer.from(`${spec.username ?? ''}:${password ?? ''}`).toString('base64')
  const authorization =
    token !== undefined ? `Bearer ${token}` : spec.username === undefined ? undefined : `Basic ${basic}`
  const secrets = [token ?? '', password ?? '', basic]
  const outcomes = await Promise.allSettled(
    spec.urls.map(async (url) => {
      for (let from = 0; from < alerts.length; from += batchSize) {
        const body = JSON.stringify(alerts.slice(from, from + batchSize))
        const headers = authorization === undefined ? {} : { authorization }
        await postJson({ url: `${url}/api/v2/alerts`, body, headers, signal, secrets }, effects)
      }
    }),
  )
  const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []))
  if (failures.length < outcomes.length) return
  const [first] = failures
  throw first instanceof DeliveryError ? first : new DeliveryError(String(first))
}
