import { OpenAPIHono } from '@hono/zod-openapi'
import { jobRoutes } from '@navarch/api/jobs'
import type { Origin } from '@navarch/core/job/job-event'
import type { Log } from '@navarch/system/log'
import type { Context, MiddlewareHandler } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { z } from 'zod'
import type { JobService } from '../../services/jobs/job-service.ts'
import { sentences } from '../../services/jobs/parse-json.ts'
import { problemsOf } from '../../services/jobs/problems.ts'
import type { originHeaders } from '../../services/jobs/request-schemas.ts'
import { ServiceError } from '../../services/service-error.ts'
import { accessOfJobs, isAnsweredFor } from '../access-rules.ts'
import type { Access } from '../auth/access.ts'
import { callerOf } from '../caller.ts'
import type { RestEnv } from '../rest/rest-env.ts'
import { docsPage } from './docs-page.ts'
import { openApiOf } from './openapi.ts'
import { isJson, maxBodyBytes, notJson, type Problem, problem, problemOf, tooLarge } from './problem.ts'
import * as routes from './routes.ts'

export interface JobsAppOptions {
  jobs: JobService
  version: string
  access: Access
  log: Log
  newId: () => string
}

/** Whether a path is the job API's. */
export function isJobsPath(path: string): boolean {
  return path.startsWith('/v1/') || path === '/v1' || path === '/openapi.json' || path === '/docs'
}

/** The job API under /v1 with its description. Every failure is an ErrorResponse. */
export function createJobsApp({ jobs, version, access, log, newId }: JobsAppOptions): OpenAPIHono<RestEnv> {
  const app = new OpenAPIHono<RestEnv>({
    defaultHook: (result) => {
      if (result.success) return
      const { target, error, data } = result as typeof result & { data: unknown }
      throw new ServiceError('invalid', sentences(whereOf[target] ?? target, problemsOf(data, error.issues)))
    },
  })
  app.use(checkMethod, checkAccess(access, log), checkMediaType, readBody)
  addReads(app, jobs)
  addWrites(app, jobs, newId)
  for (const route of routes.eventRoutes) app.openAPIRegistry.registerPath(route)

  const document = openApiOf(app, version)
  const page = docsPage(document)
  for (const path of ['/openapi.json', '/v1/openapi.json']) app.get(path, (context) => context.json(document))
  app.get('/docs', (context) => context.body(page.html, 200, page.headers))

  app.notFound(({ req: { method, path } }) => {
    throw new ServiceError('not_found', `no such route: ${method} ${path.slice(0, 200)}; /docs lists what there is`)
  })
  app.onError((error, context) => answer(context, problemOf(error, log, `${context.req.method} ${context.req.path}`)))
  return app
}

function addReads(app: OpenAPIHono<RestEnv>, jobs: JobService): void {
  app.openapi(routes.health, async (c) => c.json(await jobs.health(), 200))
  app.openapi(routes.listJobs, async (c) => c.json(await jobs.list(c.req.valid('query')), 200))
  app.openapi(routes.getJob, async (c) => c.json(await jobs.get(c.req.valid('param').jobId), 200))
  app.openapi(routes.getMetrics, async (c) =>
    c.json(await jobs.metrics(c.req.valid('param').jobId, c.req.valid('query')), 200),
  )
  app.openapi(routes.getSeries, async (c) =>
    c.json(await jobs.series(c.req.valid('param').jobId, c.req.valid('query')), 200),
  )
  app.openapi(routes.getReport, async (c) => c.json(await jobs.report(c.req.valid('param').jobId), 200))
  app.openapi(routes.getAudit, async (c) =>
    c.json(await jobs.audit(c.req.valid('param').jobId, c.req.valid('query').limit), 200),
  )
  app.openapi(routes.getRuns, async (c) => c.json(await jobs.runs(c.req.valid('param').jobId), 200))
  app.openapi(routes.getWholeAudit, async (c) => c.json(await jobs.wholeAudit(c.req.valid('query')), 200))
  app.openapi(routes.getUsage, async (c) => c.json(await jobs.usage(c.req.valid('query')), 200))
  app.openapi(routes.getWaste, async (c) => c.json(await jobs.waste(), 200))
}

function addWrites(app: OpenAPIHono<RestEnv>, jobs: JobService, newId: () => string): void {
  const originOf = (context: Context, headers: z.output<typeof originHeaders>): Origin => {
    const correlationId = headers['x-correlation-id'] ?? newId()
    context.header('x-correlation-id', correlationId)
    return { changedBy: headers['x-changed-by'], source: headers['x-source'], correlationId }
  }
  app.openapi(routes.createJob, async (c) => {
    const origin = originOf(c, c.req.valid('header'))
    return c.json(await jobs.create(c.req.valid('json'), origin), 201)
  })
  app.openapi(routes.updateJob, async (c) => {
    const origin = originOf(c, c.req.valid('header'))
    return c.json(await jobs.update(c.req.valid('param').jobId, c.req.valid('json'), origin), 200)
  })
  app.openapi(routes.deleteJob, async (c) => {
    await jobs.remove(c.req.valid('param').jobId, originOf(c, c.req.valid('header')))
    return c.body(null, 204)
  })
  app.openapi(routes.recordMetrics, async (c) => {
    const origin = originOf(c, c.req.valid('header'))
    return c.json(await jobs.record(c.req.valid('param').jobId, c.req.valid('json'), origin), 201)
  })
}

const whereOf: Readonly<Record<string, string>> = { json: 'body', param: 'path', header: 'headers' }

function checkAccess(access: Access, log: Log): MiddlewareHandler<RestEnv> {
  return async (context, next) => {
    const { method, path } = context.req
    const need = accessOfJobs(method, path, access.protectJobs)
    const decision = access.decide(callerOf(context.env.incoming), need)
    if (decision.allowed) {
      await next()
      const by = decision.principal?.name ?? 'somebody'
      if (isAnsweredFor(need) && context.res.ok && !figuresOfJob.test(path))
        log.info('changed', { by, request: `${method} ${path.slice(0, 200)}` })
      return
    }
    if (decision.code === 'unauthorized') context.header('www-authenticate', 'Bearer')
    throw new ServiceError(decision.code, decision.message)
  }
}

/** A path that the API has is asked by its own methods. */
const checkMethod: MiddlewareHandler<RestEnv> = async (context, next) => {
  const { method, path } = context.req
  const allowed = allowedMethods(path)
  if (allowed.length === 0 || allowed.includes(method)) return next()
  context.header('allow', allowed.join(', '))
  return answer(
    context,
    problem(405, 'invalid_request', `${method} is not for ${path.slice(0, 200)}: ${allowed.join(', ')}`),
  )
}

/** A body that is no JSON, or does not say so, is refused before it is read. */
const checkMediaType: MiddlewareHandler<RestEnv> = async (context, next) => {
  const { method } = context.req
  const type = context.env.incoming.headers['content-type']
  if (takesBody(method) ? isJson(type) : type === undefined || isJson(type)) return next()
  return answer(context, notJson)
}

/** Reads a body up to its limit, whatever its length is said to be. Validators find it read. */
const readBody: MiddlewareHandler<RestEnv> = async (context, next) => {
  if (!takesBody(context.req.method)) return next()
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of context.req.raw.body ?? []) {
    size += chunk.length
    if (size > maxBodyBytes) return answer(context, tooLarge)
    chunks.push(chunk)
  }
  // Hono keeps promises here, whatever its type says.
  Object.assign(context.req.bodyCache, { text: Promise.resolve(Buffer.concat(chunks).toString()) })
  return next()
}

function takesBody(method: string): boolean {
  return method === 'POST' || method === 'PATCH'
}

function answer(context: Context, { status, body }: Problem): Response {
  return context.json(body, status as ContentfulStatusCode)
}

/** What a job tells of itself, as often as it likes: a measurement, and no change that somebody answers for. */
const figuresOfJob = patternOf(jobRoutes.jobMetrics)
const paths = Object.values(jobRoutes).map((path) => ({
  pattern: patternOf(path),
  template: path.replace(/:(\w+)/g, '{$1}'),
}))
const methods = [...Object.values(routes), ...routes.eventRoutes].flatMap((route) => ('method' in route ? [route] : []))

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replace(/:\w+/g, '[^/]+')}$`)
}

/** The methods that the API has for a path; empty when it has no such path. */
function allowedMethods(path: string): string[] {
  if (['/openapi.json', '/v1/openapi.json', '/docs'].includes(path)) return ['GET', 'HEAD']
  const found = paths.filter(({ pattern }) => pattern.test(path)).map(({ template }) => template)
  const own = methods.filter((route) => found.includes(route.path)).map(({ method }) => method.toUpperCase())
  return own.includes('GET') ? ['HEAD', ...own] : own
}
