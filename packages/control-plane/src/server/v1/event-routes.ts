import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import { jobRoutes } from '@navarch/api/jobs'
import type { Log } from '@navarch/system/log'
import { errorResponseOf } from '../../services/jobs/error-response.ts'
import type { JobService, Sender } from '../../services/jobs/job-service.ts'
import { ServiceError } from '../../services/service-error.ts'
import type { Access } from '../auth/access.ts'
import { callerOf } from '../caller.ts'
import { httpStatusOf } from '../failure.ts'
import { brokenJson, isJson, maxBodyBytes, notJson, type Problem, problemOf, tooLarge } from './problem.ts'

type Request = IncomingMessage | Http2ServerRequest
type Response = ServerResponse | Http2ServerResponse

export interface EventRoutesOptions {
  jobs: JobService
  access: Access
  log: Log
}

/**
 * The routes that hooks post to. A cluster sends thousands a second, so they are served from the bare request, at a third of
 * what a framework costs.
 * @returns whether the request was one of them, and is answered
 */
export function createEventRoutes({ jobs, access, log }: EventRoutesOptions) {
  const routes: Record<string, (json: unknown, sender: Sender) => Promise<unknown>> = {
    [jobRoutes.jobStarted]: jobs.started,
    [jobRoutes.jobFinished]: jobs.finished,
    [jobRoutes.jobEventBatch]: async (json, sender) => ({ outcomes: await jobs.batch(json, sender) }),
  }

  return (request: Request, response: Response): boolean => {
    if (request.method !== 'POST' || !request.url?.startsWith('/v1/events/')) return false
    const query = request.url.indexOf('?')
    const path = query < 0 ? request.url : request.url.slice(0, query)
    const take = Object.hasOwn(routes, path) ? routes[path] : undefined
    if (!take) return false
    const refused = refusal(request, access, query < 0 ? '' : request.url.slice(query + 1))
    if (refused) {
      request.resume()
      answer(response, refused.status, refused.body)
      return true
    }
    readBody(request, (body) => {
      if (typeof body !== 'string') return answer(response, body.status, body.body)
      let json: unknown
      try {
        json = JSON.parse(body)
      } catch {
        return answer(response, brokenJson.status, brokenJson.body)
      }
      const fail = (error: unknown) => {
        const { status, body } = problemOf(error, log, `POST ${path}`)
        answer(response, status, body)
      }
      try {
        take(json, senderOf(request)).then((done) => answer(response, 200, done), fail)
      } catch (error) {
        fail(error)
      }
    })
    return true
  }
}

function refusal(request: Request, access: Access, query: string): Problem | undefined {
  const decision = access.decide(callerOf(request), 'agent')
  if (!decision.allowed) {
    const error = new ServiceError(decision.code, decision.message)
    return { status: httpStatusOf(error.code), body: errorResponseOf(error) }
  }
  if (!isJson(request.headers['content-type'])) return notJson
  if (query === '') return undefined
  const error = new ServiceError(
    'invalid',
    `query: unknown key ${JSON.stringify(query.slice(0, 80))}; none is known here`,
  )
  return { status: 400, body: errorResponseOf(error) }
}

/** Calls back once with the whole body, or with what is wrong with it; not at all when the caller went away. */
function readBody(request: Request, done: (body: string | Problem) => void): void {
  const chunks: Buffer[] = []
  let size = 0
  request.on('error', () => {})
  request.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size <= maxBodyBytes) chunks.push(chunk)
  })
  request.on('end', () => {
    if (size > maxBodyBytes) done(tooLarge)
    else done((chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)).toString())
  })
}

function senderOf({ headers }: Request): Sender {
  const changedBy = headerOf(headers['x-changed-by'])
  const source = headerOf(headers['x-source'])
  const correlationId = headerOf(headers['x-correlation-id'])
  return { ...(changedBy && { changedBy }), ...(source && { source }), ...(correlationId && { correlationId }) }
}

function headerOf(value: string | string[] | undefined): string {
  return typeof value === 'string' ? value.slice(0, 255) : ''
}

function answer(response: Response, status: number, body: unknown): void {
  if (response.destroyed || response.headersSent) return
  const text = JSON.stringify(body)
  const headers: Record<string, string | number> = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...(status === 401 && { 'www-authenticate': 'Bearer' }),
  }
  // The two classes' overloads cannot be called as one.
  if ('stream' in response) response.writeHead(status, headers)
  else response.writeHead(status, headers)
  response.end(text)
}
