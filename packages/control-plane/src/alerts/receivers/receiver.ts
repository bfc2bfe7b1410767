import type { AlertMessage } from '@navarch/core/alert/alert-message'
import type { SecretRef } from '@navarch/core/alert/alerts-spec'

/** Takes one message to its place. Rejects with `DeliveryError` when it was not taken. */
export type SendMessage = (message: AlertMessage, signal: AbortSignal) => Promise<void>

/** What receivers need of the world. */
export interface ReceiverEffects {
  fetch: typeof fetch
  /** The value of a secret. @throws DeliveryError with the remedy, when it is not there */
  secret: (ref: SecretRef) => Promise<string>
  /** ms since the epoch. */
  now: () => number
}

/** A message was not taken. The text is for people and has no secret in it. */
export class DeliveryError extends Error {
  override name = 'DeliveryError'
  /** Whether the same message would be refused again. */
  readonly permanent: boolean
  /** When to try again at the earliest, ms from now, where the receiver said so. */
  readonly retryAfterMs: number | undefined
  constructor(
    message: string,
    options: { permanent?: boolean; retryAfterMs?: number | undefined; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause })
    this.permanent = options.permanent ?? false
    this.retryAfterMs = options.retryAfterMs
  }
}
