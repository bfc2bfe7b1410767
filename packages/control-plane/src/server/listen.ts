import type { AddressInfo, Server } from 'node:net'
import { startErrorOf } from './start-error.ts'

/**
 * Listens, and tells the address with its actual port.
 * @param setting what chooses the address, for the error
 * @throws ServerStartError when the address cannot be listened on
 */
export function listen(
  server: Server,
  { host, port }: { host: string; port: number },
  setting = '--address HOST:PORT or server.address',
): Promise<{ host: string; port: number }> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => reject(startErrorOf(error, `${host}:${port}`, setting))
    server.once('error', onError)
    server.listen(port, host, () => {
      server.off('error', onError)
      resolve({ host, port: portOf(server.address(), port) })
    })
  })
}

function portOf(bound: AddressInfo | string | null, wanted: number): number {
  return bound !== null && typeof bound === 'object' ? bound.port : wanted
}

/** An address of this machine that reaches what listens there. */
export function urlOf({ host, port }: { host: string; port: number }, scheme: 'http' | 'https' = 'http'): string {
  return `${scheme}://${urlHost(host)}:${port}`
}

/** A host as a URL has it: an address for all interfaces is replaced by loopback, and IPv6 is bracketed. */
function urlHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}
