import { createHmac } from 'node:crypto'
import type { AlertMessage } from '@navarch/core/alert/alert-message'
import type { WebhookReceiver } from '@navarch/core/alert/alerts-spec'
import { postJson } from './post-json.ts'
import type { ReceiverEffects, SendMessage } from './receiver.ts'

/**
 * Posts a message as JSON. With a secret the body is signed: `X-Navarch-Signature: t=<seconds>,v1=<hex>`, where v1 is the HMAC-SHA256
 * of "<seconds>.<body>". `Idempotency-Key` is the message's id: one that comes twice has the same.
 */
export function webhookSender(spec: WebhookReceiver, effects: ReceiverEffects): SendMessage {
  return async (message, signal) => {
    const url = await effects.secret(spec.url)
    const secret = spec.secret && (await effects.secret(spec.secret))
    const token = spec.token && (await effects.secret(spec.token))
    const body = JSON.stringify(webhookBody(message))
    await postJson(
      {
        url,
        body,
        headers: {
          ...spec.headers,
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(secret !== undefined && { 'x-navarch-signature': signatureOf(body, secret, effects.now()) }),
          'idempotency-key': message.id,
        },
        signal,
        secrets: [url, secret ?? '', token ?? '', ...Object.values(spec.headers)],
      },
      effects,
    )
  }
}

/** @param now ms since the epoch */
function signatureOf(body: string, secret: string, now: number): string {
  const seconds = Math.floor(now / 1000)
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`
}

const time = (ms: number) => new Date(ms).toISOString()

function webhookBody(message: AlertMessage) {
  return {
    version: '1',
    id: message.id,
    kind: message.kind,
    group_id: message.groupId,
    group: message.group,
    route: message.route,
    severity: message.severity,
    title: message.title,
    text: message.text,
    at: time(message.at),
    firing: message.firing,
    new: message.fresh,
    resolved: message.over,
    escalation: message.escalation,
    labels: message.labels,
    url: message.url,
    alerts: message.alerts.map((alert) => ({
      id: alert.id,
      rule: alert.rule,
      severity: alert.severity,
      labels: alert.labels,
      summary: alert.summary,
      meaning: alert.meaning,
      action: alert.action,
      runbook_url: alert.runbookUrl,
      operation: alert.operation,
      started_at: time(alert.startedAt),
      fired_at: alert.firedAt === null ? null : time(alert.firedAt),
      resolved_at: alert.resolvedAt === null ? null : time(alert.resolvedAt),
    })),
    more_alerts: message.more,
  }
}
