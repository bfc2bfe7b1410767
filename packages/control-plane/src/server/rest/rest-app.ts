import type { ErrorJson } from '@navarch/api/rest'
import { routes } from '@navarch/api/routes'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'
import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { ServiceError } from '../../services/service-error.ts'
import type { Services } from '../../services/services.ts'
import { accessOfRest, isAnsweredFor } from '../access-rules.ts'
import type { Access } from '../auth/access.ts'
import type { Login } from '../auth/login.ts'
import { callerOf } from '../caller.ts'
import { httpStatusOf, serviceErrorOf } from '../failure.ts'
import { alertRoutes } from './alert-routes.ts'
import { apiRoutes } from './api-routes.ts'
import { authRoutesOf } from './auth-routes.ts'
import { backupMediaType, backupRoutes } from './backup-routes.ts'
import { endOnceLost } from './end-once-lost.ts'
import { plainRoutes } from './plain-routes.ts'
import type { RestEnv } from './rest-env.ts'
import { tokenRoutesOf } from './token-routes.ts'
import { viewRoutes } from './view-routes.ts'

export interface RestOptions {
  services: Services
  access: Access
  /** What logins work with. */
  login: Login
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
  app.use(checkAccess(options.access, options.log), checkMediaType)
  app.route('/', plainRoutes(options))
  app.route('/', apiRoutes(options))
  app.route('/', backupRoutes(options))
  app.route('/', viewRoutes(options))
  app.route('/', alertRoutes(options))
  app.route('/', authRoutesOf(options.login))
  app.route('/', tokenRoutesOf(options.login))
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

/** Lets through what the caller may do, and logs who changed what. */
function checkAccess(access: Access, log: Log): MiddlewareHandler<RestEnv> {
  return async (context, next) => {
    const caller = callerOf(context.env.incoming)
    const need = accessOfRest(context.req.method, context.req.path)
    const decision = access.decide(caller, need)
    if (decision.allowed) {
      const by = decision.principal?.name ?? 'somebody'
      context.set('by', by)
      await next()
      if (context.res.headers.get('content-type') === 'text/event-stream') {
        context.res = endOnceLost(context.res, () => access.holds(caller, need))
      }
      if (isAnsweredFor(need) && context.res.ok) {
        const { method, path } = context.req
        // A backup, or who has tokens: nothing changed, and still somebody answers for it.
        const done = method === 'GET' || method === 'HEAD' ? 'read' : 'changed'
        log.info(done, { by, request: `${method} ${path.slice(0, 200)}` })
      }
      return
    }
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
