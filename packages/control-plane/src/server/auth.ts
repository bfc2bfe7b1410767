import { createHash, timingSafeEqual } from 'node:crypto'
import { BlockList, isIPv4, isIPv6 } from 'node:net'

/**
 * What a request wants to do:
 * - `probe`: learn whether the server is alive, scrape it, or download a program; carries nothing secret
 * - `read`: look at the fleet
 * - `agent`: speak for a node: register, report, fetch and acknowledge commands
 * - `change`: change the fleet
 */
export type AccessKind = 'probe' | 'read' | 'agent' | 'change'

export interface AccessRequest {
  kind: AccessKind
  /** The token that the server was started with; undefined without one. */
  expectedToken: string | undefined
  /** The token that the caller sent. */
  presentedToken: string | undefined
  /** The caller's IP address; undefined when it is not known, or a proxy hides it. */
  remoteAddress: string | undefined
}

export type AccessDecision = { allowed: true } | { allowed: false; code: 'unauthorized' | 'forbidden'; message: string }

const allowed: AccessDecision = { allowed: true }

/**
 * Decides whether a request may be done. With a token set, everything but probes needs it. Without one, agents may
 * report and anyone may read, and changes are taken from loopback alone.
 */
export function authorize({ kind, expectedToken, presentedToken, remoteAddress }: AccessRequest): AccessDecision {
  if (kind === 'probe') return allowed
  if (expectedToken !== undefined) {
    if (presentedToken === undefined) {
      const message =
        'a token is required: send "Authorization: Bearer TOKEN" (navarch and navarch-node: --auth-token or NAVARCH_AUTH_TOKEN)'
      return { allowed: false, code: 'unauthorized', message }
    }
    if (!sameSecret(presentedToken, expectedToken)) {
      return {
        allowed: false,
        code: 'unauthorized',
        message: 'the token is not the one that the control plane was started with',
      }
    }
    return allowed
  }
  if (kind !== 'change' || isLoopback(remoteAddress)) return allowed
  const message =
    'changes are taken from loopback alone while no token is set: start navarch-control-plane with --auth-token or NAVARCH_AUTH_TOKEN, and send the same token'
  return { allowed: false, code: 'forbidden', message }
}

/** The token of an Authorization header; undefined when there is none or it is of another scheme. */
export function bearerToken(header: string | null | undefined): string | undefined {
  return header?.match(/^bearer +(\S+) *$/i)?.[1]
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8)
loopback.addAddress('::1', 'ipv6')

/** Whether an IP address is the machine itself: 127.0.0.0/8, ::1, or the former mapped into IPv6. */
export function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return false
  if (isIPv4(address)) return loopback.check(address)
  return isIPv6(address) && loopback.check(address, 'ipv6')
}

/** Compares digests, so that the time taken tells neither the content nor the length. */
function sameSecret(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}
