import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import { type ConnectRouter, createConnectRouter, createContextValues } from '@connectrpc/connect'
import {
  compressionGzip,
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from '@connectrpc/connect-node'
import { getRequestListener } from '@hono/node-server'
import { ControlPlaneService } from '@navarch/api/control-plane'
import { Health } from '@navarch/api/grpc-health'
import { ServerReflection } from '@navarch/api/grpc-reflection-v1'
import { ServerReflection as ServerReflectionAlpha } from '@navarch/api/grpc-reflection-v1alpha'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'
import type { Services } from '../services/services.ts'
import type { Access } from './auth/access.ts'
import type { Login } from './auth/login.ts'
import { callerKey, callerOf } from './caller.ts'
import { createDashboardFiles, type FileAnswer } from './dashboard-files.ts'
import { createRestApp } from './rest/rest-app.ts'
import { controlPlaneService } from './rpc/control-plane-service.ts'
import { healthService } from './rpc/health-service.ts'
import { accessInterceptor, failureInterceptor } from './rpc/interceptors.ts'
import { indexDescriptors, reflectionAlphaService, reflectionService } from './rpc/reflection.ts'
import { createEventRoutes } from './v1/event-routes.ts'
import { createJobsApp, isJobsPath } from './v1/jobs-app.ts'

export interface RequestHandlerOptions {
  services: Services
  access: Access
  login: Login
  downloadDir?: string
  /** Folder of the built dashboard; absent: there is none. */
  dashboardDir?: string
  log: Log
  clock: Clock
  /** Random and unique, for correlation ids. */
  newId: () => string
  keepAliveMs?: number
  /** Aborts when the server ends; every stream ends with it. */
  shutdown: AbortSignal
}

type Request = IncomingMessage | Http2ServerRequest
type Response = ServerResponse | Http2ServerResponse
export type RequestHandler = (request: Request, response: Response) => void

const maxMessageBytes = 1024 * 1024

/** Everything but agents' links: RPC where a path is an RPC's, else REST. The same on HTTP/1.1 and HTTP/2. */
export function createRequestHandler(options: RequestHandlerOptions): RequestHandler {
  const { services, access, login, downloadDir, log, clock, newId, keepAliveMs = 15_000, shutdown } = options
  const router = createConnectRouter({
    interceptors: [failureInterceptor(log), accessInterceptor(access, log)],
    readMaxBytes: maxMessageBytes,
    acceptCompression: [compressionGzip],
    shutdownSignal: shutdown,
  })
  addServices(router, services, clock, keepAliveMs)
  const rpcs = new Map(router.handlers.map((handler) => [handler.requestPath, handler]))
  const app = createRestApp({ services, access, login, downloadDir, log, clock, shutdown, keepAliveMs })
  const rest = getRequestListener(app.fetch, { overrideGlobalObjects: false })
  const jobsApp = createJobsApp({ jobs: services.jobs, version: services.version().version, access, log, newId })
  const jobs = getRequestListener(jobsApp.fetch, { overrideGlobalObjects: false })
  const takeEvent = createEventRoutes({ jobs: services.jobs, access, log })
  const dashboard = createDashboardFiles(options.dashboardDir)

  return (request, response) => {
    const asked = access.prepare(request.headers)
    if (asked === undefined) answer(request, response)
    else void asked.then(() => answer(request, response))
  }

  function answer(request: Request, response: Response): void {
    if (takeEvent(request, response)) return
    if (!hasUsableAddress(request)) {
      response.statusCode = 400
      response.setHeader('content-type', 'text/plain')
      response.end('the request has no Host, or its address is no URL\n')
      return
    }
    const path = request.url?.split('?', 1)[0] ?? ''
    const rpc = rpcs.get(path)
    if (!rpc) {
      const file = dashboard.answer(fileRequestOf(request, path))
      if (file) {
        sendFile(response, file)
        return
      }
      const app = isJobsPath(path) ? jobs : rest
      app(request, response).catch((error) => log.debug('request ended early', { error: String(error) }))
      return
    }
    const values = createContextValues().set(callerKey, callerOf(request))
    rpc(universalRequestFromNodeRequest(request, response, undefined, values))
      .then((answer) => universalResponseToNodeResponse(answer, response))
      .catch((error) => log.debug('call ended early', { method: rpc.method.name, error: String(error) }))
  }
}

function fileRequestOf({ method = 'GET', headers }: Request, path: string) {
  const acceptEncoding = headers['accept-encoding']
  return {
    method,
    path,
    accept: headers.accept,
    acceptEncoding: Array.isArray(acceptEncoding) ? acceptEncoding.join(',') : acceptEncoding,
    ifNoneMatch: headers['if-none-match'],
  }
}

function sendFile(response: Response, { status, headers, body }: FileAnswer): void {
  response.statusCode = status
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  if (body) response.end(body)
  else response.end()
}

function addServices(router: ConnectRouter, services: Services, clock: Clock, keepAliveMs: number): void {
  const served = [ControlPlaneService, Health, ServerReflection, ServerReflectionAlpha]
  const index = indexDescriptors(served)
  router
    .service(ControlPlaneService, controlPlaneService(services, { clock, keepAliveMs }))
    .service(Health, healthService(services, new Set(served.map((service) => service.typeName)), clock))
    .service(ServerReflection, reflectionService(index))
    .service(ServerReflectionAlpha, reflectionAlphaService(index))
}

/** Whether a request's Host and path make a URL, which everything behind relies on. */
function hasUsableAddress(request: Request): boolean {
  const host = 'authority' in request ? request.authority : request.headers.host
  return host !== undefined && URL.canParse(request.url ?? '', `http://${host}`)
}
