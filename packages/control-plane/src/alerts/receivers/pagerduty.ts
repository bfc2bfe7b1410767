import type { AlertMessage } from '@navarch/core/alert/alert-message'
import type { PagerDutyReceiver } from '@navarch/core/alert/alerts-spec'
import { postJson } from './post-json.ts'
import type { ReceiverEffects, SendMessage } from './receiver.ts'

/** Most characters of a summary. Source: https://developer.pagerduty.com/docs/send-alert-event */
const longestSummary = 1024

/** Sends events to PagerDuty's Events API v2: one incident for a group while it lasts. */
export function pagerDutySender(spec: PagerDutyReceiver, effects: ReceiverEffects): SendMessage {
  return async (message, signal) => {
    const key = await effects.secret(spec.routingKey)
    const body = JSON.stringify({ routing_key: key, ...pagerDutyEvent(message) })
    await postJson({ url: spec.url, body, signal, secrets: [key] }, effects)
  }
}

const actions = { firing: 'trigger', test: 'trigger', resolved: 'resolve', acknowledged: 'acknowledge' } as const

function pagerDutyEvent(message: AlertMessage) {
  const event = { event_action: actions[message.kind], dedup_key: `navarch-${message.groupId}` }
  if (event.event_action !== 'trigger') return event
  const { node, pool } = message.labels
  return {
    ...event,
    client: 'Navarch',
    ...(message.url !== '' && { client_url: message.url }),
    payload: {
      summary: message.title.slice(0, longestSummary),
      source: node ?? pool ?? 'navarch',
      severity: message.severity,
      timestamp: new Date(message.at).toISOString(),
      component: message.labels['gpu'] === undefined ? undefined : `GPU ${message.labels['gpu']}`,
      group: message.group,
      class: message.alerts[0]?.rule,
      custom_details: {
        text: message.text,
        firing: message.firing,
        escalation: message.escalation,
        alerts: message.alerts.map((alert) => alert.summary),
        more_alerts: message.more,
      },
    },
  }
}
