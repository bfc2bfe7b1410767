import {
  createServer as createHttp1,
  type Server as Http1Server,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
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
import { configuredToken, createAccess } from './auth/access.ts'
import { createAttemptLimit, deviceLoginLimits, failedLoginLimits } from './auth/attempt-limit.ts'
import type { Login } from './auth/login.ts'
import { type JobsListener, type JobsPort, jobsOnly, startJobsListener } from './jobs-listener.ts'
import { createAgentLinks } from './link/agent-links.ts'
import { listen, urlOf } from './listen.ts'
import { createPortMux } from './port-mux.ts'
import { createRequestHandler, type RequestHandler } from './request-handler.ts'
import type { TlsCertificate } from './tls-certificate.ts'
import { createTlsGate, type TlsGate } from './tls-gate.ts'

export interface ServerOptions {
  /** Port 0 takes a free one. */
  address: { host: string; port: number }
  /** With it the ports are encrypted, and nothing else is answered on them. */
  tls?: { certificate: TlsCertificate; hstsMs: number }
  /** A second port for the job API alone; absent, or the same port: there is none. */
  jobsAddress?: { host: string; port: number }
  services: Services
  /** Who may do what, and how one logs in; absent: as `authToken` says. */
  login?: Login
  /** The one token that callers must send; without one, changes are taken from loopback alone. */
  authToken?: string
  log: Log
  clock: Clock
  /** Random and unique, for correlation ids. */
  newId: () => string
  /** Where the programs under `/download/` lie. */
  downloadDir?: string
  /** Folder of the built dashboard; absent: there is none. */
  dashboardDir?: string
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
  const { services, log, clock, tls, linkDeadlineMs = 90_000 } = options
  const login = options.login ?? withoutSessions(options)
  const { access } = login
  const shutdown = new AbortController()
  const sessions = new Set<ServerHttp2Session>()
  const links = createAgentLinks({
    agents: services.agents,
    jobs: services.jobs,
    access,
    clock,
    log,
    linkDeadlineMs,
  })
  const handle = withHsts(createRequestHandler({ ...options, access, login, shutdown: shutdown.signal }), tls?.hstsMs)
  const scheme = tls ? 'https' : 'http'

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

  const gates: TlsGate[] = []
  const gateTo = (targets: Parameters<typeof createTlsGate>[1]) => {
    if (!tls) return {}
    const gate = createTlsGate(tls.certificate, targets)
    gates.push(gate)
    return { tls: gate }
  }
  const mux = createPortMux({ http1, http2, ...gateTo({ http1, http2 }), clock, sniffMs, maxConnections })
  const address = await listen(mux.server, options.address).catch((error) => {
    http1.close()
    throw error
  })
  const url = urlOf(address, scheme)
  log.info('listening', { address: `${address.host}:${address.port}`, ...(tls && { tls: true }) })
  if (!access.closed) {
    log.warn('no auth token is set: anyone may read and agents may report; changes are taken from loopback alone')
  }

  const jobs = await startJobs(options.jobsAddress)
  let closing: Promise<void> | undefined
  return { address, url, ...(jobs && { jobs }), close: (graceMs) => (closing ??= close(graceMs)) }

  async function startJobs(wanted: ServerOptions['jobsAddress']): Promise<JobsListener | undefined> {
    if (!wanted || (wanted.port === address.port && wanted.port !== 0)) return undefined
    const listener = await startJobsListener(jobsPort(createHttp1Server(jobsOnly(handle))), wanted)
    if (listener.problem === undefined) log.info('listening for jobs', { address: listener.url })
    else log.warn('the second port for jobs is not open', { reason: listener.problem })
    return listener
  }

  /** The job API's port speaks HTTP/1.1 alone. */
  function jobsPort(jobsHttp1: Http1Server): JobsPort {
    if (!tls) {
      return { server: jobsHttp1, http1: jobsHttp1, destroyAll: () => jobsHttp1.closeAllConnections(), scheme }
    }
    jobsHttp1.emit('listening')
    const targets = { http1: jobsHttp1 }
    const jobsMux = createPortMux({ ...targets, ...gateTo(targets), clock, sniffMs, maxConnections })
    return { server: jobsMux.server, http1: jobsHttp1, destroyAll: jobsMux.destroyAll, scheme }
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
    for (const gate of gates) gate.close()
    for (const session of sessions) session.close()
    const cancelCutOff = clock.after(graceMs, () => mux.destroyAll())
    await allClosed
    cancelCutOff()
  }
}

/** Tells browsers to insist on HTTPS from now on, where that is wanted. */
function withHsts(handle: RequestHandler, hstsMs: number | undefined): RequestHandler {
  if (!hstsMs) return handle
  const value = `max-age=${Math.trunc(hstsMs / 1000)}`
  return (request, response) => {
    response.setHeader('strict-transport-security', value)
    handle(request, response)
  }
}

/** Access by one token for everything, or by none. Nothing is kept. */
function withoutSessions({ authToken, clock, log }: Pick<ServerOptions, 'authToken' | 'clock' | 'log'>): Login {
  const tokens = authToken === undefined ? [] : [configuredToken(authToken)]
  return {
    access: createAccess({ closed: authToken !== undefined, tokens }),
    credentials: undefined,
    oidc: undefined,
    failedLogins: createAttemptLimit(clock.now, failedLoginLimits),
    deviceLogins: createAttemptLimit(clock.now, deviceLoginLimits),
    publicUrl: undefined,
    sessionLifetimeMs: 0,
    clock,
    log,
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
