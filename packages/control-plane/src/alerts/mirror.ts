import type { Alert } from '@navarch/core/alert/alert'
import { type AlertRoute, routesOf } from '@navarch/core/alert/alert-route'
import type { AlertRule } from '@navarch/core/alert/alert-rule'
import type { AlertmanagerReceiver } from '@navarch/core/alert/alerts-spec'
import type { Clock } from '@navarch/system/clock'
import { type PostableAlert, postAlerts, postableAlert } from './receivers/alertmanager.ts'
import { DeliveryError, type ReceiverEffects } from './receivers/receiver.ts'

export interface MirrorDeps {
  receivers: readonly AlertmanagerReceiver[]
  routes: readonly AlertRoute[]
  /** Firing alerts that nothing mutes. */
  heard: () => readonly Alert[]
  /** An alert that is over, as far as it is known. */
  over: (id: string) => Alert | undefined
  rule: (id: string) => AlertRule | undefined
  url: string | undefined
  noteOutcome: (receiver: string, error: string) => void
  effects: ReceiverEffects & { clock: Clock }
  signal: AbortSignal
}

/** For how long the end of an alert is told, ms, as Prometheus does. */
const endToldMs = 15 * 60_000

/** Keeps Alertmanagers in step with what fires. What they were told lives in them; a restart loses nothing. */
export interface Mirror {
  /** Tells every Alertmanager what fires, and what is over. Never rejects. */
  tell(): Promise<void>
  /** Sends these alone, to one of them. @throws DeliveryError */
  post(receiver: AlertmanagerReceiver, alerts: readonly PostableAlert[]): Promise<void>
}

export function createMirror(deps: MirrorDeps): Mirror {
  const { receivers, routes, effects, signal } = deps
  const { clock } = effects
  /** What each was told that fires or is over, by alert id. */
  const told = new Map<string, Map<string, { alert: Alert; endedAt?: number }>>()
  let running: Promise<void> | undefined
  let again = false

  const post = async (receiver: AlertmanagerReceiver, alerts: readonly PostableAlert[]): Promise<void> => {
    const deadline = new AbortController()
    const { timeoutMs } = receiver
    const cancel = clock.after(timeoutMs, () => deadline.abort(new DeliveryError(`no answer in ${timeoutMs} ms`)))
    try {
      await postAlerts(receiver, alerts, AbortSignal.any([deadline.signal, signal]), effects)
    } finally {
      cancel()
    }
  }

  const tellOne = async (receiver: AlertmanagerReceiver): Promise<void> => {
    const now = clock.now()
    const before = told.get(receiver.name) ?? new Map()
    const next = new Map<string, { alert: Alert; endedAt?: number }>()
    for (const alert of deps.heard()) {
      if (routesOf(alert, routes).some((route) => route.receivers.includes(receiver.name)))
        next.set(alert.id, { alert })
    }
    for (const [id, { alert, endedAt }] of before) {
      if (next.has(id)) continue
      const over = deps.over(id)
      const ended = endedAt ?? over?.resolvedAt ?? now
      if (now - ended <= endToldMs) next.set(id, { alert: over ?? alert, endedAt: ended })
    }
    told.set(receiver.name, next)
    if (next.size === 0) return
    const alerts = [...next.values()].map(({ alert, endedAt }) =>
      postableAlert(
        endedAt === undefined ? alert : { ...alert, resolvedAt: endedAt },
        deps.rule(alert.ruleId),
        deps.url,
        now,
      ),
    )
    await post(receiver, alerts).then(
      () => deps.noteOutcome(receiver.name, ''),
      (error: unknown) => {
        if (!signal.aborted) deps.noteOutcome(receiver.name, error instanceof Error ? error.message : String(error))
      },
    )
  }

  const round = async (): Promise<void> => {
    do {
      again = false
      await Promise.all(receivers.map(tellOne))
    } while (again && !signal.aborted)
  }

  return {
    post,
    tell() {
      again = true
      running ??= round().finally(() => {
        running = undefined
      })
      return running
    },
  }
}
