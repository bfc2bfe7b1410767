/** Exponential back-off with full jitter on its upper half. */
export interface BackoffPolicy {
  /** First delay, ms. */
  firstMs: number
  /** No delay is longer, ms. */
  maxMs: number
}

/**
 * Delay in milliseconds before attempt `attempt` (0 is the first retry): doubles from `firstMs` up to `maxMs`,
 * of which a random half is taken off so that many clients do not return at once.
 * @param random a number in [0, 1)
 */
export function backoffDelay(policy: BackoffPolicy, attempt: number, random: number): number {
  const full = Math.min(policy.maxMs, policy.firstMs * 2 ** Math.min(attempt, 30))
  return Math.round(full / 2 + (full / 2) * random)
}
