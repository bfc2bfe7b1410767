import type { IncomingHttpHeaders } from 'node:http'
import { isIP, type Socket } from 'node:net'
import { createContextKey } from '@connectrpc/connect'
import { type AccessDecision, type AccessKind, authorize, bearerToken } from './auth.ts'

/** Who sent a request, as far as its connection and headers tell. */
export interface Caller {
  /** The IP address of the other end of the connection. */
  remoteAddress: string | undefined
  headers: IncomingHttpHeaders
}

/** A socket's other end; an IPv4 address is plain also where the server listens on IPv6. */
export function remoteAddressOf(socket: Pick<Socket, 'remoteAddress'> | undefined): string | undefined {
  return socket?.remoteAddress?.replace(/^::ffff:(?=\d+\.)/, '')
}

/** Carries the caller of an RPC to interceptors and handlers. */
export const callerKey = createContextKey<Caller>({ remoteAddress: undefined, headers: {} }, { description: 'caller' })

/**
 * Decides on a request by its headers and connection: the one way in which REST, RPC and agents' links do.
 * A request of a web page of another origin is refused whatever it wants to change, since a browser on an operator's
 * machine is on loopback too. Without a token such a page may also have a name of its own that leads to this machine
 * (DNS rebinding): then only pages at an address or at "localhost" are taken. A request that a proxy passed on is not from
 * loopback, wherever the proxy runs.
 */
export function authorizeCaller(caller: Caller, kind: AccessKind, expectedToken: string | undefined): AccessDecision {
  const { headers } = caller
  if ((kind === 'change' || kind === 'agent') && isForeignOrigin(headers, expectedToken !== undefined)) {
    return { allowed: false, code: 'forbidden', message: `requests of web pages at ${headers.origin} are not taken` }
  }
  const passedOn = headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined
  return authorize({
    kind,
    expectedToken,
    presentedToken: bearerToken(headers.authorization),
    remoteAddress: passedOn ? undefined : caller.remoteAddress,
  })
}

function isForeignOrigin(headers: IncomingHttpHeaders, withToken: boolean): boolean {
  const { origin } = headers
  if (origin === undefined) return false
  const host = headers[':authority'] ?? headers.host
  if (!URL.canParse(origin) || new URL(origin).host !== host) return true
  const name = new URL(origin).hostname.replace(/^\[|\]$/g, '')
  return !withToken && name !== 'localhost' && isIP(name) === 0
}
