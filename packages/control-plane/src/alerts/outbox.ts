import type { Told } from '@navarch/core/alert/alert'
import type { AlertMessage } from '@navarch/core/alert/alert-message'
import type { ReceiverSpec } from '@navarch/core/alert/alerts-spec'
import { backoffDelay } from '@navarch/system/backoff'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'
import type { AlertDelivery } from '../store/alerts/alert-records.ts'
import type { AlertLedger, NewAlertEvent } from './alert-state.ts'
import { createSender } from './receivers/create-sender.ts'
import { DeliveryError, type ReceiverEffects, type SendMessage } from './receivers/receiver.ts'
import { takenAlongBy } from './tellings.ts'

export interface OutboxDeps {
  receivers: readonly ReceiverSpec[]
  ledger: AlertLedger
  effects: ReceiverEffects & { clock: Clock; random: () => number; log: Log }
  signal: AbortSignal
}

/** How a receiver fares. */
export interface ReceiverStatus {
  lastSentAt?: number
  /** Tries that failed in a row. */
  failures: number
  /** Why the last one did, or why none can succeed; "" when neither is so. */
  error: string
}

/** Brings stored messages to their receivers, at least once each. */
export interface Outbox {
  /** Looks for messages that are due. */
  wake(): void
  /** Sends a message now, past everything that waits. */
  send(receiver: string, message: AlertMessage): Promise<void>
  statusOf(receiver: string): ReceiverStatus
  noteOutcome(receiver: string, error: string): void
  /** Nothing would be taken, for this reason. Where something was tried, that says more. */
  noteUnusable(receiver: string, error: string): void
  /** What `noteUnusable` said holds no more. */
  noteUsable(receiver: string): void
  /** Resolves when nothing is on its way. */
  idle(): Promise<void>
}

/** Whether no message would reach it, though none has failed. */
export function isUnusable({ failures, error }: ReceiverStatus): boolean {
  return failures === 0 && error !== ''
}

const backoff = { firstMs: 5_000, maxMs: 10 * 60_000 }
/** What was refused as it is, is not worth more. */
const permanentTries = 3
/** Nobody wants to hear after a day that something was wrong then; if it still is, a newer message says so. */
const givenUpAfterMs = 24 * 3_600_000

export function createOutbox({ receivers, ledger, effects, signal }: OutboxDeps): Outbox {
  const { clock, random, log } = effects
  const senders = new Map<string, { spec: ReceiverSpec; send: SendMessage }>()
  for (const spec of receivers) {
    const send = createSender(spec, effects)
    if (send) senders.set(spec.name, { spec, send })
  }
  const statuses = new Map<string, ReceiverStatus>()
  const running = new Map<string, Promise<void>>()
  const timers = new Map<string, () => void>()

  const statusOf = (receiver: string) => statuses.get(receiver) ?? { failures: 0, error: '' }

  const noteOutcome = (receiver: string, error: string) => {
    const before = statusOf(receiver)
    if (error === '') {
      if (before.failures > 0) log.info('receiver of alerts takes messages again', { receiver })
      statuses.set(receiver, { lastSentAt: clock.now(), failures: 0, error })
      return
    }
    // A gap is told once, and once when it is over.
    const tell = before.failures === 0 ? log.warn : log.debug
    tell('receiver of alerts does not take a message; it will be tried again', { receiver, error })
    statuses.set(receiver, { ...before, failures: before.failures + 1, error })
  }

  const noteUnusable = (receiver: string, error: string) => {
    const before = statuses.get(receiver)
    if (before && (!isUnusable(before) || before.error === error)) return
    log.warn('receiver of alerts cannot be used', { receiver, error })
    statuses.set(receiver, { failures: 0, error })
  }

  const noteUsable = (receiver: string) => {
    if (!isUnusable(statusOf(receiver))) return
    log.info('receiver of alerts can be used now', { receiver })
    statuses.delete(receiver)
  }

  const trySend = async (receiver: string, message: AlertMessage): Promise<void> => {
    const sender = senders.get(receiver)
    if (!sender) throw new DeliveryError(`no receiver is called ${receiver} any more`, { permanent: true })
    const deadline = new AbortController()
    const { timeoutMs } = sender.spec
    const cancel = clock.after(timeoutMs, () => deadline.abort(new DeliveryError(`no answer in ${timeoutMs} ms`)))
    try {
      await sender.send(message, AbortSignal.any([deadline.signal, signal]))
    } catch (error) {
      if (error instanceof DeliveryError) throw error
      throw new DeliveryError(error instanceof Error ? error.message : String(error))
    } finally {
      cancel()
    }
  }

  const settled = (
    { id, receiver, message }: AlertDelivery,
    outcome: Pick<Told, 'at' | 'state' | 'error'>,
    event: NewAlertEvent | undefined,
  ) =>
    ledger.change(({ over, tellings }) => {
      const telling = tellings.get(message.id)
      const told = [{ message: message.id, receiver, ...outcome }, ...(telling?.told ?? [])]
      return {
        changes: [
          { kind: 'alert-delivered', id, message: message.id },
          { kind: 'alert-told', message: message.id, told },
          ...(telling ? takenAlongBy({ ...telling, told }, over) : []).map(
            (alert) => ({ kind: 'alert', alert }) as const,
          ),
          ...(event ? [{ kind: 'alert-event', event } as const] : []),
        ],
        result: undefined,
      }
    })

  const deliver = async (delivery: AlertDelivery): Promise<void> => {
    const { receiver, message } = delivery
    const error = await trySend(receiver, message).then(
      () => undefined,
      (failure: DeliveryError) => failure,
    )
    const at = clock.now()
    if (!error) {
      noteOutcome(receiver, '')
      await settled(delivery, { at, state: 'sent', error: '' }, sentEvent(delivery, at))
      return
    }
    if (signal.aborted) return
    noteOutcome(receiver, error.message)
    const attempts = delivery.attempts + 1
    if ((error.permanent && attempts >= permanentTries) || at - message.at > givenUpAfterMs) {
      log.error('message about alerts was given up', { receiver, title: message.title, error: error.message })
      await settled(delivery, { at, state: 'failed', error: error.message }, undefined)
      return
    }
    const pauseMs = Math.max(
      backoffDelay(backoff, attempts - 1, random()),
      Math.min(error.retryAfterMs ?? 0, backoff.maxMs),
    )
    await ledger.change((state) => {
      // A newer message may have taken its place meanwhile.
      const current = state.deliveries.get(delivery.id)
      if (current?.message.id !== message.id) return { changes: [], result: undefined }
      const next = { ...delivery, attempts, notBefore: at + pauseMs, error: error.message }
      return { changes: [{ kind: 'alert-delivery', delivery: next }], result: undefined }
    })
  }

  const waitingOf = (receiver: string) =>
    [...ledger.state().deliveries.values()].filter((delivery) => delivery.receiver === receiver)

  const pump = async (receiver: string): Promise<void> => {
    for (;;) {
      if (signal.aborted) return
      const waiting = waitingOf(receiver).sort((a, b) => a.notBefore - b.notBefore || a.message.at - b.message.at)
      const [next] = waiting
      if (!next) return
      const inMs = next.notBefore - clock.now()
      if (inMs > 0) {
        timers.get(receiver)?.()
        timers.set(receiver, clock.after(inMs, wake))
        return
      }
      await deliver(next)
    }
  }

  function wake(): void {
    const names = new Set([...ledger.state().deliveries.values()].map((delivery) => delivery.receiver))
    for (const receiver of names) {
      if (running.has(receiver) || signal.aborted) continue
      const work = pump(receiver)
        .catch((error: unknown) => {
          // The store did not take it; what was sent may be sent again.
          log.error('deliveries of alerts stopped for a while', { receiver, error: String(error) })
          timers.get(receiver)?.()
          timers.set(receiver, clock.after(backoff.firstMs, wake))
        })
        .finally(() => running.delete(receiver))
      running.set(receiver, work)
    }
  }

  return {
    wake,
    send: trySend,
    statusOf,
    noteOutcome,
    noteUnusable,
    noteUsable,
    async idle() {
      while (running.size > 0) await Promise.all(running.values())
    },
  }
}

function sentEvent({ receiver, message }: AlertDelivery, at: number): NewAlertEvent {
  const [first] = message.alerts
  return {
    at,
    alert: first?.id ?? '',
    ruleId: '',
    rule: first?.rule ?? '',
    severity: message.severity,
    labels: message.labels,
    event: message.escalation > 0 ? 'escalated' : 'notified',
    value: null,
    text: `${receiver}: ${message.title}`,
    by: '',
  }
}
