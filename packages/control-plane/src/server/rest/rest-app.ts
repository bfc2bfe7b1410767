import type { ErrorJson } from '@navarch/api/rest'
import { routes } from '@navarch/api/routes'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'
import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { ServiceError } from '../../services/service-error.ts'
import type { Services } from '../../services/services.ts'
import { accessOfRest } from '../access-rules.ts'
import { authorizeCaller, remoteAddressOf } from '../caller.ts'
import { httpStatusOf, serviceErrorOf } from '../failure.ts'
import { apiRoutes } from './api-routes.ts'
import { backupMediaType, backupRoutes } from './backup-routes.ts'
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

/** The REST API, probes, metrics and downloads. Every failure is an ErrorJson. */
export function createRestApp(options: RestOptions): Hono<RestEnv> {
  const app = new Hono<RestEnv>()
  app.use(checkAccess(options.authToken), checkMediaType)
  app.route('/', plainRoutes(options))
  app.route('/', apiRoutes(options))
  app.route('/', backupRoutes(options))
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
    const caller = { remoteAddress: remoteAddressOf(incoming.socket), headers: incoming.headers }
    const decision = authorizeCaller(caller, accessOfRest(context.req.method, context.req.path), authToken)
    if (decision.allowed) return next()
    if (decision.code === 'unauthorized') context.header('www-authenticate', 'Bearer')
    return failure(context, decision.code, decision.message)
  }
}

/** Bodies are JSON and say so, which no form of a foreign web page can. One that does not say is refused when read. */
const checkMediaType: MiddlewareHandler<RestEnv> = async (context, next) => {
  const type = context.env.incoming.headers['content-type']
  if (context.req.path === routes.restore && type === backupMediaType) return next()
  if (type === undefined || type.split(';')[0]?.trim().toLowerCase() === 'application/json') return next()
  return failure(context, 'invalid', 'a body must be JSON: send "Content-Type: application/json"', 415)
}

function failure(
  context: Context,
  code: ServiceError['code'],
  message: string,
  status: ContentfulStatusCode = httpStatusOf(code),
): Response {
  return context.json({ error: { code, message } } satisfies ErrorJson, status)
}
