import type { IncomingHttpHeaders } from 'node:http'
import { hashOf } from './hashes.ts'
import { isLoopback } from './loopback.ts'

/** What a connection is worth to a browser's session. */
export type Connection =
  /** Encrypted up to here, or up to the proxy before us. */
  | { kind: 'secure' }
  /** Plain, and allowed: on this machine itself, or since the configuration says so. */
  | { kind: 'plain' }
  /** Plain, and not: a session would travel in clear. */
  | { kind: 'refused'; problem: string }

export interface ConnectionFacts {
  encrypted: boolean
  /** The other end; undefined where a proxy hides it. */
  remoteAddress: string | undefined
  /** Host and port as the browser names them. */
  host: string | undefined
  /** The address that people use, where it is configured. */
  publicUrl: string | undefined
  /** `server.auth.allow_http`. */
  allowHttp: boolean
}

const loopbackNames = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/

/** Tells whether a browser may have a session over a connection, and which cookie it is. */
export function connectionOf(facts: ConnectionFacts): Connection {
  const { encrypted, remoteAddress, host, publicUrl, allowHttp } = facts
  if (encrypted) return { kind: 'secure' }
  if (isLoopback(remoteAddress) && loopbackNames.test(host ?? '')) return { kind: 'plain' }
  if (publicUrl?.startsWith('https://')) return { kind: 'secure' }
  if (allowHttp) return { kind: 'plain' }
  const problem =
    'this connection is not encrypted, so nobody can log in over it: set server.tls, put a proxy with TLS before it (with server.external_address) and come by that, or come by an SSH tunnel (ssh -L 50051:localhost:50051)'
  return { kind: 'refused', problem }
}

/** `__Host-`: a browser takes it over TLS alone, for this host alone (RFC 6265bis, section 4.1.3.2). */
const names = {
  session: { secure: '__Host-navarch-session', plain: 'navarch-session' },
  login: { secure: '__Host-navarch-login', plain: 'navarch-login' },
} as const
type CookieName = keyof typeof names

/** A session's is a secret of ours, that of a login is sealed. Browsers keep 4,096 bytes of a cookie. */
const values: Readonly<Record<CookieName, RegExp>> = {
  session: /^[A-Za-z0-9_-]{43}$/,
  login: /^[A-Za-z0-9_-]{1,4000}$/,
}

/** The value of a cookie; undefined when there is none. */
export function readCookie(headers: IncomingHttpHeaders, name: CookieName, connection: Connection): string | undefined {
  if (connection.kind === 'refused' || headers.cookie === undefined) return undefined
  const wanted = names[name][connection.kind]
  for (const part of headers.cookie.split(';')) {
    const at = part.indexOf('=')
    if (at >= 0 && part.slice(0, at).trim() === wanted) {
      const value = part.slice(at + 1).trim()
      return values[name].test(value) ? value : undefined
    }
  }
  return undefined
}

/**
 * A Set-Cookie header. A session's cookie is sent with nothing that begins at another site; that of a login that is under way
 * comes back with the provider's redirect.
 * @param value undefined: takes the cookie away
 */
export function cookieHeader(
  name: CookieName,
  connection: Exclude<Connection, { kind: 'refused' }>,
  value: string | undefined,
  maxAgeSeconds: number,
): string {
  const attributes = [
    `${names[name][connection.kind]}=${value ?? ''}`,
    'Path=/',
    'HttpOnly',
    `SameSite=${name === 'session' ? 'Strict' : 'Lax'}`,
    `Max-Age=${value === undefined ? 0 : maxAgeSeconds}`,
  ]
  return (connection.kind === 'secure' ? [...attributes, 'Secure'] : attributes).join('; ')
}

/** What a page must send with each change to show that it is ours: it follows from what only the session's browser has. */
export function csrfTokenOf(sessionSecret: string): string {
  return hashOf(`navarch-csrf:${sessionSecret}`).slice(0, 43)
}
