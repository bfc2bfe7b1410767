import { createServer as createHttp1, type IncomingMessage, type ServerResponse } from 'node:http'
import {
  constants,
  createServer as createHttp2,
  Http2ServerRequest,
  Http2ServerResponse,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'
import type { Services } from '../services/services.ts'
import { createAgentLinks } from './link/agent-links.ts'
import { createPortMux } from './port-mux.ts'
import { createRequestHandler } from './request-handler.ts'
import { startErrorOf } from './start-error.ts'

export interface ServerOptions {
  /** Port 0 takes a free one. */
  address: { host: string; port: number }
  services: Services
  /** The token that callers must send; without one, changes are taken from loopback alone. */
  authToken?: string
  log: Log
  clock: Clock
  /** Where the programs under `/download/` lie. */
  downloadDir?: string
  /** Silence after which an agent's link is ended, ms; three heartbeats. Default 90 s. */
  linkDeadlineMs?: number
  /** Silence after which a follower of events gets a sign of life, ms. Default 15 s, below what proxies allow. */
  keepAliveMs?: number
}

export interface RunningServer {
  /** The address that is listened on, with its actual port. */
  address: { host: string; port: number }
  /** An address of this machine that reaches the server. */
  url: string
  /** Ends every stream and connection; what is not over after `graceMs` is cut off. */
  close(graceMs: number): Promise<void>
}

/** Connections at once: 10,000 agents and as many of everything else. */
const maxConnections = 20_000
/** Time for the first bytes of a connection, ms. */
const sniffMs = 10_000
/** Time for a whole request on HTTP/1.1 and HTTP/2, ms; agents' links are exempt. */
const requestMs = 60_000
const headersMs = 15_000

/**
 * Starts the control plane's one port: HTTP/1.1 and cleartext HTTP/2 together; gRPC, Connect, gRPC-Web and REST on both.
 * @throws ServerStartError when the address cannot be listened on
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { services, authToken, log, clock, linkDeadlineMs = 90_000 } = options
  const shutdown = new AbortController()
  const sessions = new Set<ServerHttp2Session>()
  const links = createAgentLinks({ agents: services.agents, authToken, clock, log, linkDeadlineMs })
  const handle = createRequestHandler({ ...options, shutdown: shutdown.signal })

  const http1 = createHttp1({ requestTimeout: requestMs, headersTimeout: headersMs }, (request, response) => {
    endConnectionOnShutdown(request, response, shutdown.signal)
    handle(request, response)
  })
  const http2 = createHttp2({ settings: { maxConcurrentStreams: 100 } })
  http2.on('session', (session) => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
    session.on('error', () => {})
    session.on('stream', (stream, headers, _flags, rawHeaders) => {
      if (links.accept(stream, headers)) return
      limitRequestTime(stream, clock)
      const request = new Http2ServerRequest(stream, headers, {}, rawHeaders)
      handle(request, new Http2ServerResponse(stream))
    })
  })
  // Node begins to watch its header and request deadlines when a server listens, which this one never does itself.
  http1.emit('listening')

  const mux = createPortMux({ http1, http2, clock, sniffMs, maxConnections })
  const address = await listen(mux.server, options.address).catch((error) => {
    http1.close()
    throw error
  })
  const url = `http://${urlHost(address.host)}:${address.port}`
  log.info('listening', { address: `${address.host}:${address.port}` })
  if (authToken === undefined) {
    log.warn('no auth token is set: anyone may read and agents may report; changes are taken from loopback alone')
  }

  let closing: Promise<void> | undefined
  return { address, url, close: (graceMs) => (closing ??= close(graceMs)) }

  async function close(graceMs: number): Promise<void> {
    const allClosed = new Promise<void>((resolve) => mux.server.close(() => resolve()))
    mux.destroyUndecided()
    links.close()
    shutdown.abort()
    http1.close()
    for (const session of sessions) session.close()
    const cancelCutOff = clock.after(graceMs, () => mux.destroyAll())
    await allClosed
    cancelCutOff()
  }
}

/** A connection that is busy when the server ends is closed after its answer. */
function endConnectionOnShutdown(request: IncomingMessage, response: ServerResponse, shutdown: AbortSignal): void {
  response.once('close', () => {
    if (shutdown.aborted) request.socket.end()
  })
}

/** HTTP/1.1 has this from Node. */
function limitRequestTime(stream: ServerHttp2Stream, clock: Clock): void {
  const cancel = clock.after(requestMs, () => {
    if (!stream.readableEnded) stream.close(constants.NGHTTP2_CANCEL)
  })
  stream.once('close', cancel)
  stream.on('error', () => {})
}

function listen(
  server: Server,
  { host, port }: { host: string; port: number },
): Promise<{ host: string; port: number }> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => reject(startErrorOf(error, `${host}:${port}`))
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

/** A host as a URL has it: an address for all interfaces is replaced by loopback, and IPv6 is bracketed. */
function urlHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}
