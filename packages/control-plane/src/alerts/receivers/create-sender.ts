import { readFile } from 'node:fs/promises'
import type { ReceiverSpec, SecretRef } from '@navarch/core/alert/alerts-spec'
import { emailSender } from './email.ts'
import { pagerDutySender } from './pagerduty.ts'
import { DeliveryError, type ReceiverEffects, type SendMessage } from './receiver.ts'
import { slackSender } from './slack.ts'
import { webhookSender } from './webhook.ts'

/** What sends messages to a receiver; undefined for one that mirrors alerts by itself. */
export function createSender(spec: ReceiverSpec, effects: ReceiverEffects): SendMessage | undefined {
  switch (spec.type) {
    case 'webhook':
      return webhookSender(spec, effects)
    case 'slack':
      return slackSender(spec, effects)
    case 'email':
      return emailSender(spec, effects)
    case 'pagerduty':
      return pagerDutySender(spec, effects)
    case 'alertmanager':
      return undefined
  }
}

/** Where a receiver sends to, without anything secret. */
export function targetOf(spec: ReceiverSpec): string {
  switch (spec.type) {
    case 'webhook':
    case 'slack':
      return placeOf(spec.url)
    case 'email':
      return `${spec.to.join(', ')} by ${spec.host}:${spec.port}`
    case 'pagerduty':
      return new URL(spec.url).host
    case 'alertmanager':
      return spec.urls.map((url) => new URL(url).host).join(', ')
  }
}

/** Paths of webhooks are secrets; their hosts are not. */
function placeOf(ref: SecretRef): string {
  if (ref.kind === 'text') return new URL(ref.text).host
  return ref.kind === 'env' ? `the URL in ${ref.name}` : `the URL in ${ref.path}`
}

/** Reads secrets anew each time, so that a file that is changed holds at once. */
export function secretReader(env: Readonly<Record<string, string | undefined>>): (ref: SecretRef) => Promise<string> {
  return async (ref) => {
    if (ref.kind === 'text') return ref.text
    if (ref.kind === 'env') {
      const value = env[ref.name]?.trim()
      if (value) return value
      throw new DeliveryError(`the variable ${ref.name} is not set: set it for the control plane and restart it`)
    }
    const text = await readFile(ref.path, 'utf8').catch((error: unknown) => {
      throw new DeliveryError(`the file ${ref.path} cannot be read: ${error instanceof Error ? error.message : error}`)
    })
    if (text.trim() === '') throw new DeliveryError(`the file ${ref.path} is empty`)
    return text.trim()
  }
}
