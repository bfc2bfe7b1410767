import { createServer as createHttp1, type IncomingMessage, type ServerResponse } from 'node:http'
import {
  constants,
  createServer as createHttp2,
  Http2ServerRequest,
  Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2'
import type { Readable } from 'node:stream'
import { routes } from '@navarch/api/routes'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'
import type { Services } from '../services/services.ts'
import { type JobsListener, jobsOnly, startJobsListener } from './jobs-listener.ts'
import { createAgentLinks } from './link/agent-links.ts'
import { listen, urlOf } from './listen.ts'
import { createPortMux } from './port-mux.ts'
import { createRequestHandler, type RequestHandler } from './request-handler.ts'

export interface ServerOptions {
  /** Port 0 takes a free one. */
  address: { host: string; port: number }
  /** A second port for the job API alone; absent, or the same port: there is none. */
  jobsAddress?: { host: string; port: number }
  services: Services
  /** The token that callers must send; without one, changes are taken from loopback alone. */
  authToken?: string
  log: Log
  clock: Clock
  /** Random and unique, for correlation ids. */
  newId: () => string
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
  /** The second port; absent where none was asked for. */
  jobs?: JobsListener
  /** Ends every stream and connection; what is not over after `graceMs` is cut off. */
  close(graceMs: number): Promise<void>
}

/** Connections at once: 10,000 agents and as many of everything else. */
const maxConnections = 20_000
/** Time for the first bytes of a connection, ms. */
const sniffMs = 10_000
/** Time for a whole request on HTTP/1.1 and HTTP/2, ms; agents' links and backups that are sent are exempt. */
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
  const links = createAgentLinks({
    agents: services.agents,
    jobs: services.jobs,
    authToken,
    clock,
    log,
    linkDeadlineMs,
  })
  const handle = createRequestHandler({ ...options, shutdown: shutdown.signal })

  const createHttp1Server = (handleHttp1: RequestHandler) =>
    createHttp1({ requestTimeout: 0, headersTimeout: headersMs }, (request, response) => {
      const limits = { path: request.url, ended: () => request.complete, end: () => request.destroy() }
      limitRequestTime(request, clock, limits)
      endConnectionOnShutdown(request, response, shutdown.signal)
      handleHttp1(request, response)
    })
  const http1 = createHttp1Server(handle)
  const http2 = createHttp2({ settings: { maxConcurrentStreams: 100 } })
  http2.on('session', (session) => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
    session.on('error', () => {})
    session.on('stream', (stream, headers, _flags, rawHeaders) => {
      if (links.accept(stream, headers)) return
      stream.on('error', () => {})
      limitRequestTime(stream, clock, {
        path: headers[':path'],
        ended: () => stream.readableEnded,
        end: () => stream.close(constants.NGHTTP2_CANCEL),
      })
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
  const url = urlOf(address)
  log.info('listening', { address: `${address.host}:${address.port}` })
  if (authToken === undefined) {
    log.warn('no auth token is set: anyone may read and agents may report; changes are taken from loopback alone')
  }

  const jobs = await startJobs(options.jobsAddress)
  let closing: Promise<void> | undefined
  return { address, url, ...(jobs && { jobs }), close: (graceMs) => (closing ??= close(graceMs)) }

  async function startJobs(wanted: ServerOptions['jobsAddress']): Promise<JobsListener | undefined> {
    if (!wanted || (wanted.port === address.port && wanted.port !== 0)) return undefined
    const listener = await startJobsListener(createHttp1Server(jobsOnly(handle)), wanted)
    if (listener.problem === undefined) log.info('listening for jobs', { address: listener.url })
    else log.warn('the second port for jobs is not open', { reason: listener.problem })
    return listener
  }

  async function close(graceMs: number): Promise<void> {
    const allClosed = Promise.all([
      new Promise<void>((resolve) => mux.server.close(() => resolve())),
      jobs?.close(graceMs, clock),
    ])
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

/** Ends a request of which not all has come in time. A backup that is sent takes as long as the network needs. */
function limitRequestTime(
  body: Readable,
  clock: Clock,
  { path, ended, end }: { path: string | undefined; ended: () => boolean; end: () => void },
): void {
  if (path === routes.restore) return
  const cancel = clock.after(requestMs, () => {
    if (!ended()) end()
  })
  body.once('close', cancel)
}
