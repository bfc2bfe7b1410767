import { isIPv6 } from 'node:net'

/** How many logins may fail, and how soon another one may. */
export interface LoginLimits {
  /** At once. */
  burst: number
  /** Time after which one more may, ms. */
  refillMs: number
}

const standard: LoginLimits = { burst: 10, refillMs: 30_000 }
/** Callers that are remembered; the one not heard of for longest goes first. */
const maxCallers = 10_000

/** Counts failed logins by caller. Guessing is hopeless anyway; this keeps it from costing anything. */
export interface FailedLogins {
  /** Seconds until the caller may try again; 0: now. */
  waitSeconds(address: string | undefined): number
  failed(address: string | undefined): void
}

/** A bucket of tries for each address, or for each /64 of IPv6, which one machine has for itself. */
export function createFailedLogins(now: () => number, limits: LoginLimits = standard): FailedLogins {
  /** When the bucket will be full again, by caller. */
  const fullAt = new Map<string, number>()
  return {
    waitSeconds(address) {
      const used = (fullAt.get(keyOf(address)) ?? 0) - now()
      const over = used - (limits.burst - 1) * limits.refillMs
      return over > 0 ? Math.ceil(over / 1000) : 0
    },
    failed(address) {
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
