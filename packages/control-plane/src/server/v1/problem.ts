import type { ErrorResponseJson } from '@navarch/api/jobs'
import type { Log } from '@navarch/system/log'
import { HTTPException } from 'hono/http-exception'
import { errorResponseOf } from '../../services/jobs/error-response.ts'
import { httpStatusOf, serviceErrorOf } from '../failure.ts'

/** A failing answer of the job API. */
export interface Problem {
  status: number
  body: ErrorResponseJson
}

/** What a caller is told of any failure. What is not meant for callers is logged alone. */
export function problemOf(error: unknown, log: Log, request: string): Problem {
  if (error instanceof HTTPException) return problem(error.status, 'invalid_request', error.message)
  const known = serviceErrorOf(error, log, request)
  return { status: httpStatusOf(known.code), body: errorResponseOf(known) }
}

/** A request that is refused before it is looked at. */
export function problem(status: number, error: ErrorResponseJson['error'], message: string): Problem {
  return { status, body: { error, message } }
}

/** Largest body that is read, bytes: a start on 100,000 nodes fits. */
export const maxBodyBytes = 2 * 1024 * 1024

export const notJson = problem(415, 'invalid_request', 'a body must be JSON: send "Content-Type: application/json"')
export const tooLarge = problem(413, 'invalid_request', `the body is larger than ${maxBodyBytes} bytes`)
export const brokenJson = problem(400, 'invalid_request', 'body: this is not JSON')

export function isJson(contentType: string | undefined): boolean {
  return contentType?.split(';')[0]?.trim().toLowerCase() === 'application/json'
}
