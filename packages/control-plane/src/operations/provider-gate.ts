import { ProviderError } from '@navarch/providers/provider'
import { type BackoffPolicy, backoffDelay } from '@navarch/system/backoff'

/** How a provider has behaved lately. */
export interface ProviderHealth {
  /** Calls that failed in a row. */
  failures: number
  error?: ProviderError
  /** When the last failure was, ms. */
  failedAt?: number
  /** No launch before this time, ms. */
  notBefore: number
}

/** Keeps all operations of a provider from hammering it while it fails: one tries, the others wait for its outcome. */
export interface ProviderGate {
  health(provider: string): ProviderHealth
  /** ms to wait before asking again; 0: the caller may call the provider, and then says how that went. */
  enter(provider: string, now: number): number
  succeeded(provider: string): void
  /** Notes the failure and returns the delay until the next try, ms. */
  failed(provider: string, error: ProviderError, now: number): number
}

const policy: BackoffPolicy = { firstMs: 5_000, maxMs: 5 * 60_000 }
/** A try that has said nothing for so long has died with its operation, ms. */
const tryMs = 60_000
const lookAgainMs = 2_000

/** @param random numbers in [0, 1) for the back-off's jitter */
export function createProviderGate(random: () => number): ProviderGate {
  const states = new Map<string, ProviderHealth>()
  /** Providers that failed and are being tried again, with the time. */
  const tried = new Map<string, number>()
  const health = (provider: string) => states.get(provider) ?? { failures: 0, notBefore: 0 }
  return {
    health,
    enter(provider, now) {
      const { failures, notBefore } = health(provider)
      if (failures === 0) return 0
      if (now < notBefore) return notBefore - now
      if (now - (tried.get(provider) ?? Number.NEGATIVE_INFINITY) < tryMs) return lookAgainMs
      tried.set(provider, now)
      return 0
    },
    succeeded(provider) {
      states.delete(provider)
      tried.delete(provider)
    },
    failed(provider, error, now) {
      const { failures, notBefore } = health(provider)
      // Calls that were under way together count once.
      if (now < notBefore && !tried.has(provider)) return notBefore - now
      tried.delete(provider)
      const delay = Math.max(backoffDelay(policy, failures, random()), error.retryAfterMs ?? 0)
      states.set(provider, { failures: failures + 1, error, failedAt: now, notBefore: now + delay })
      return delay
    },
  }
}

/** Any thrown value as a `ProviderError`: what a provider did not foresee is taken for its being unavailable. */
export function providerErrorOf(error: unknown): ProviderError {
  if (error instanceof ProviderError) return error
  return new ProviderError('unavailable', error instanceof Error ? error.message : String(error), { cause: error })
}
