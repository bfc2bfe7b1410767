import { isIPv6 } from 'node:net'

/** How many attempts are taken. */
export interface AttemptLimits {
  /** At once. */
  burst: number
  /** Time after which one more is, ms. */
  refillMs: number
}

/** Logins that fail. */
export const failedLoginLimits: AttemptLimits = { burst: 10, refillMs: 30_000 }
/** Logins of the command line that are begun: each is a request to the provider. */
export const deviceLoginLimits: AttemptLimits = { burst: 30, refillMs: 2_000 }

/** Callers that are remembered; the one not heard of for longest goes first. */
const maxCallers = 10_000

/** Counts attempts by caller. */
export interface AttemptLimit {
  /** Seconds until the caller may try again; 0: now. */
  waitSeconds(address: string | undefined): number
  count(address: string | undefined): void
}

/** A bucket of tries for each address, or for each /64 of IPv6, which one machine has for itself. */
export function createAttemptLimit(now: () => number, limits: AttemptLimits): AttemptLimit {
  /** When the bucket will be full again, by caller. */
  const fullAt = new Map<string, number>()
  return {
    waitSeconds(address) {
      const used = (fullAt.get(keyOf(address)) ?? 0) - now()
      const over = used - (limits.burst - 1) * limits.refillMs
      return over > 0 ? Math.ceil(over / 1000) : 0
    },
    count(address) {
      const key = keyOf(address)
      const before = Math.max(fullAt.get(key) ?? 0, now())
      fullAt.delete(key)
      fullAt.set(key, Math.min(before + limits.refillMs, now() + limits.burst * limits.refillMs))
      const [oldest] = fullAt.keys()
      if (fullAt.size > maxCallers && oldest !== undefined) fullAt.delete(oldest)
    },
  }
}

function keyOf(address: string | undefined): string {
  if (address === undefined) return 'unknown'
  return isIPv6(address) ? expanded(address).slice(0, 4).join(':') : address
}

/** The eight groups of an IPv6 address. */
function expanded(address: string): string[] {
  const [head = '', tail] = address.split('%', 1)[0]?.split('::') ?? []
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const middle = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length)
  return [...left, ...Array.from({ length: middle }, () => '0'), ...right]
}
