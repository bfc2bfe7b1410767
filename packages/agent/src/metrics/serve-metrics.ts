import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Log } from '@navarch/system/log'

/** Where to listen; without a host on every address, IPv6 and IPv4. */
export interface ListenAddress {
  host?: string
  port: number
}

export interface MetricsListener {
  /** The port that it got; undefined: it could not listen. */
  port: number | undefined
  close(): Promise<void>
}

const requestDeadlineMs = 10_000
const contentType = 'text/plain; version=0.0.4; charset=utf-8'

/**
 * Answers `/metrics` and `/health`. An address that cannot be had is a warning: whoever has it keeps it, and the agent does
 * its other work.
 * @param render the page; called at each request
 */
export async function serveMetrics(address: ListenAddress, render: () => string, log: Log): Promise<MetricsListener> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0]
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    if (!isRead) return end(response, 405, 'text/plain', `${request.method}: there are GET and HEAD\n`)
    if (path === '/health') return end(response, 200, 'text/plain', 'ok\n')
    if (path !== '/metrics') return end(response, 404, 'text/plain', `${path}: there are /metrics and /health\n`)
    try {
      end(response, 200, contentType, render())
    } catch (error) {
      log.error('metrics could not be made', { error: String(error) })
      end(response, 500, 'text/plain', 'the agent could not answer; its log says why\n')
    }
  })
  server.requestTimeout = requestDeadlineMs
  server.headersTimeout = requestDeadlineMs
  // A scraper keeps its connection: it must hold up neither the agent's end nor memory when there are many.
  server.maxConnections = 64
  try {
    server.listen(address.port, address.host)
    await once(server, 'listening')
  } catch (error) {
    log.warn('no metrics on this address: choose another one with metrics_address, or "none"', {
      address: `${address.host ?? ''}:${address.port}`,
      error: error instanceof Error ? error.message : String(error),
    })
    return { port: undefined, close: async () => {} }
  }
  server.on('error', (error) => log.error('the metrics listener failed', { error: String(error) }))
  const { port } = server.address() as AddressInfo
  log.info('metrics are served', { address: `${address.host ?? ''}:${port}` })
  return {
    port,
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

function end(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body)
}

/**
 * Reads ":9400", "9400", "0.0.0.0:9400", "[::1]:9400", "host:9400".
 * @returns undefined when the text is none
 */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const match = /^(?:(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]*)):)?(\d{1,5})$/.exec(text)
  if (!match) return undefined
  const [, ipv6, name, digits] = match
  const port = Number(digits)
  const host = ipv6 ?? name
  return port > 65_535 ? undefined : { port, ...(host && { host }) }
}
