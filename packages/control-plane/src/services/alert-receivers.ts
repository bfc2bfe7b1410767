import type { AlertJson, AlertReceiverJson, AlertTestJson } from '@navarch/api/alerts'
import type { Alert, Told } from '@navarch/core/alert/alert'
import type { AlertsSpec } from '@navarch/core/alert/alerts-spec'
import type { AlertLedger } from '../alerts/alert-state.ts'
import type { Mirror } from '../alerts/mirror.ts'
import type { Outbox } from '../alerts/outbox.ts'
import { targetOf } from '../alerts/receivers/create-sender.ts'
import { toldOf } from '../alerts/tellings.ts'
import { testAlert } from '../alerts/test-message.ts'
import { time } from './render.ts'
import { ServiceError } from './service-error.ts'

export interface ReceiverDeskDeps {
  spec: AlertsSpec
  ledger: AlertLedger
  outbox: Outbox
  mirror: Mirror
  now: () => number
  newId: () => string
}

/** Who is told, and how that goes. */
export interface ReceiverDesk {
  list(): AlertReceiverJson[]
  /** Sends a test message now. @param by who asks for it */
  test(name: string, by: string): Promise<AlertTestJson>
}

export function createReceiverDesk({ spec, ledger, outbox, mirror, now, newId }: ReceiverDeskDeps): ReceiverDesk {
  return {
    list: () =>
      spec.receivers.map((receiver) => {
        const { name, type } = receiver
        const { lastSentAt, error } = outbox.statusOf(name)
        const waiting = [...ledger.state().deliveries.values()].filter((each) => each.receiver === name).length
        const sent = lastSentAt === undefined ? null : time(lastSentAt)
        return { name, type, target: targetOf(receiver), last_sent_at: sent, waiting, error }
      }),
    async test(name, by) {
      const receiver = spec.receivers.find((each) => each.name === name)
      const known = spec.receivers.map((each) => each.name).join(', ') || 'none'
      if (!receiver) throw new ServiceError('not_found', `no receiver is called "${name}"; receivers here: ${known}`)
      const began = now()
      const { message, alert } = testAlert(newId(), by, began)
      const sent = receiver.type === 'alertmanager' ? mirror.post(receiver, [alert]) : outbox.send(name, message)
      const error = await sent.then(
        () => '',
        (failure: unknown) => (failure instanceof Error ? failure.message : String(failure)),
      )
      // A failed test is told to who asked; it is no message that was lost.
      if (error === '') outbox.noteOutcome(name, '')
      return { receiver: name, sent: error === '', took_ms: now() - began, error }
    },
  }
}

/** Who was told of some alerts: of each, the messages that wait, and what became of the last ones. */
export function toldBy(
  { ledger }: Pick<ReceiverDeskDeps, 'ledger'>,
  alerts: readonly Alert[],
): (alert: Alert) => AlertJson['notified'] {
  const { deliveries, tellings } = ledger.state()
  const told = toldOf(alerts, tellings.values())
  const waiting = new Map<string, AlertJson['notified']>()
  for (const { receiver, message, error } of deliveries.values()) {
    const waits = { receiver, at: time(message.at), state: 'waiting' as const, error }
    for (const id of tellings.get(message.id)?.alerts ?? []) {
      if (told.has(id)) waiting.set(id, [...(waiting.get(id) ?? []), waits])
    }
  }
  const shown = new Map<readonly Told[], AlertJson['notified']>()
  const show = (those: readonly Told[]) => {
    const known = shown.get(those) ?? those.map(({ message: _, at, ...rest }) => ({ ...rest, at: time(at) }))
    shown.set(those, known)
    return known
  }
  return ({ id }) => [...(waiting.get(id) ?? []), ...show(told.get(id) ?? [])]
}
