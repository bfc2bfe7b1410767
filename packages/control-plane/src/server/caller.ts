import type { IncomingHttpHeaders } from 'node:http'
import { isIP, type Socket } from 'node:net'
import { createContextKey } from '@connectrpc/connect'
import type { Principal } from '@navarch/core/access/role'

/** Who sent a request, as far as its connection and headers tell. */
export interface Caller {
  /** The IP address of the other end of the connection. */
  remoteAddress: string | undefined
  headers: IncomingHttpHeaders
  /** The request's method; absent where it is always a change. */
  method?: string
  /** Whether the connection is encrypted up to here. */
  encrypted?: boolean
}

type AnySocket = Pick<Socket, 'remoteAddress'> & { encrypted?: boolean }

/** The caller of a request on HTTP/1.1 or HTTP/2. */
export function callerOf(request: {
  headers: IncomingHttpHeaders
  method?: string | undefined
  socket: AnySocket | undefined
}): Caller {
  return {
    remoteAddress: remoteAddressOf(request.socket),
    headers: request.headers,
    ...(request.method !== undefined && { method: request.method }),
    encrypted: request.socket?.encrypted === true,
  }
}

/** A socket's other end; an IPv4 address is plain also where the server listens on IPv6. */
export function remoteAddressOf(socket: Pick<Socket, 'remoteAddress'> | undefined): string | undefined {
  return socket?.remoteAddress === undefined ? undefined : plainAddress(socket.remoteAddress)
}

/** An IPv4 address that is mapped into IPv6 as what it is. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '')
}

/** Carries the caller of an RPC to interceptors and handlers. */
export const callerKey = createContextKey<Caller>({ remoteAddress: undefined, headers: {} }, { description: 'caller' })

/** Carries who an RPC comes from to its handler. */
export const principalKey = createContextKey<Principal | undefined>(undefined, { description: 'principal' })

/** What proxies add, each kind its own. One that adds nothing cannot be told from who asks. */
const proxyHeaders = ['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'forwarded', 'via']

/** Whether a proxy passed the request on: the other end of the connection is not who asks, wherever the proxy runs. */
export function isPassedOn(headers: IncomingHttpHeaders): boolean {
  return proxyHeaders.some((name) => headers[name] !== undefined)
}

/**
 * Whether a web page of another origin asks. Such a page is refused whatever it wants to change, since a browser on an
 * operator's machine is on loopback too. Without a token such a page may also have a name of its own that leads to this
 * machine (DNS rebinding): then only pages at an address or at "localhost" are taken.
 */
export function isForeignOrigin(headers: IncomingHttpHeaders, withToken: boolean): boolean {
  const { origin } = headers
  if (origin === undefined) return false
  if (!URL.canParse(origin) || new URL(origin).host !== hostOf(headers)) return true
  return !withToken && hasOwnName(new URL(origin).host)
}

/** Host and port as the caller names them. */
export function hostOf(headers: IncomingHttpHeaders): string | undefined {
  const authority = headers[':authority'] ?? headers.host
  return typeof authority === 'string' ? authority : undefined
}

/** Whether a host has a name, which whoever gave it can let lead anywhere: neither an address nor "localhost". */
export function hasOwnName(host: string): boolean {
  if (!URL.canParse(`http://${host}`)) return true
  const name = new URL(`http://${host}`).hostname.replace(/^\[|\]$/g, '')
  return name !== 'localhost' && isIP(name) === 0
}
