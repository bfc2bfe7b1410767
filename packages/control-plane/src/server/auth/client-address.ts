import { BlockList, isIP, isIPv4 } from 'node:net'
import type { Network } from '@navarch/config/navarch-config'
import { type Caller, isPassedOn, plainAddress } from '../caller.ts'

/** Whether an address is one of the proxies whose word is believed. */
export type IsProxy = (address: string | undefined) => boolean

/** The proxies of the configuration. */
export function createIsProxy(networks: readonly Network[]): IsProxy {
  const list = new BlockList()
  for (const { address, prefix, family } of networks) list.addSubnet(address, prefix, family)
  return (address) =>
    address !== undefined && isIP(address) !== 0 && list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')
}

/** Where a request comes from, as far as is known. */
export interface ClientAddress {
  address: string | undefined
  /**
   * Whose it is: the caller's own, or a proxy's, which many callers may share. Such a proxy is one that is not known, or
   * one that is and names nobody who asks.
   */
  of: 'caller' | 'unknown-proxy' | 'silent-proxy'
}

/**
 * The address of who asks: the other end of the connection, or, where that is a proxy that is believed, the last address
 * of X-Forwarded-For that is none. What stands before it anybody may have written.
 */
export function clientAddress({ remoteAddress, headers }: Caller, isProxy: IsProxy): ClientAddress {
  if (!isProxy(remoteAddress)) return { address: remoteAddress, of: isPassedOn(headers) ? 'unknown-proxy' : 'caller' }
  const header = headers['x-forwarded-for'] ?? ''
  const passed = (Array.isArray(header) ? header.join(',') : header).split(',').map(withoutPort)
  let address = remoteAddress
  for (const before of passed.reverse()) {
    if (isIP(before) === 0) break
    address = before
    if (!isProxy(before)) break
  }
  return { address, of: isProxy(address) ? 'silent-proxy' : 'caller' }
}

/** Some proxies add the port: "192.0.2.7:1234", "[2001:db8::7]:1234". */
function withoutPort(text: string): string {
  const [, bracketed, plain] = /^\[([^\]]+)\](?::\d+)?$|^([\d.]+):\d+$/.exec(text.trim()) ?? []
  return plainAddress(bracketed ?? plain ?? text.trim())
}
