import type { ErrorJson } from '@navarch/api/rest'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'
import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { HTTPException } from 'hono/http-exception'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { ServiceError } from '../../services/service-error.ts'
import type { Services } from '../../services/services.ts'
import { accessOfRest } from '../access-rules.ts'
import { authorizeCaller } from '../caller.ts'
import { httpStatusOf, serviceErrorOf } from '../failure.ts'
import { apiRoutes } from './api-routes.ts'
import { plainRoutes } from './plain-routes.ts'
import type { RestEnv } from './rest-env.ts'

export interface RestOptions {
  services: Services
  authToken: string | undefined
  downloadDir: string | undefined
  log: Log
  clock: Clock
  /** Aborts when the server ends. */
  shutdown: AbortSignal
  /** Silence after which a follower of events gets a sign of life, ms. */
  keepAliveMs: number
}

/** Largest body that is read, bytes. */
const maxBodyBytes = 1024 * 1024

/** The REST API, probes, metrics and downloads. Every failure is an ErrorJson. */
export function createRestApp(options: RestOptions): Hono<RestEnv> {
  const app = new Hono<RestEnv>()
  app.use(checkAccess(options.authToken), checkMediaType, bodyLimit({ maxSize: maxBodyBytes, onError: tooLarge }))
  app.route('/', plainRoutes(options))
  app.route('/', apiRoutes(options))
  app.notFound((context) => {
    const message = `no such route: ${context.req.method} ${context.req.path.slice(0, 200)}; / lists what there is`
    return failure(context, 'not_found', message)
  })
  app.onError((error, context) => {
    if (error instanceof HTTPException) return failure(context, 'invalid', error.message, error.status)
    const { code, message } = serviceErrorOf(error, options.log, `${context.req.method} ${context.req.path}`)
    return failure(context, code, message)
  })
  return app
}

function checkAccess(authToken: string | undefined): MiddlewareHandler<RestEnv> {
  return async (context, next) => {
    const { incoming } = context.env
    const caller = { remoteAddress: incoming.socket?.remoteAddress, headers: incoming.headers }
    const decision = authorizeCaller(caller, accessOfRest(context.req.method, context.req.path), authToken)
    if (decision.allowed) return next()
    if (decision.code === 'unauthorized') context.header('www-authenticate', 'Bearer')
    return failure(context, decision.code, decision.message)
  }
}

/** Bodies are JSON and say so, which no form of a foreign web page can. */
const checkMediaType: MiddlewareHandler<RestEnv> = async (context, next) => {
  const { incoming } = context.env
  const type = incoming.headers['content-type']
  const isJson = type?.split(';')[0]?.trim().toLowerCase() === 'application/json'
  if (isJson || (type === undefined && !hasBody(incoming))) return next()
  return failure(context, 'invalid', 'a body must be JSON: send "Content-Type: application/json"', 415)
}

function hasBody(incoming: RestEnv['Bindings']['incoming']): boolean {
  const length = incoming.headers['content-length']
  if (length !== undefined) return length !== '0'
  return 'stream' in incoming ? !incoming.stream.endAfterHeaders : incoming.headers['transfer-encoding'] !== undefined
}

function tooLarge(context: Context): Response {
  return failure(context, 'invalid', `the body is larger than ${maxBodyBytes} bytes`, 413)
}

function failure(
  context: Context,
  code: ServiceError['code'],
  message: string,
  status: ContentfulStatusCode = httpStatusOf(code),
): Response {
  return context.json({ error: { code, message } } satisfies ErrorJson, status)
}
