import { authRoutes } from '@navarch/api/auth'
import type { ErrorJson } from '@navarch/api/rest'

/** An answer that is not the one asked for; `message` can be shown. */
export class RequestError extends Error {
  override name = 'RequestError'
  readonly status: number
  /** As in `ErrorJson`, or "unreachable". */
  readonly code: string
  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

/** The longest that a request may take, ms. */
const deadlineMs = 20_000

let onUnauthorized = () => {}

/** Calls back when the server no longer knows who is asking: a session has ended. */
export function whenUnauthorized(callback: () => void): void {
  onUnauthorized = callback
}

let csrfToken = ''

/** What `/auth/session` told: it goes with every change. */
export function keepCsrfToken(token: string): void {
  csrfToken = token
}

/**
 * GETs JSON.
 * @throws RequestError
 */
export function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  return request<T>(path, { method: 'GET' }, signal)
}

/**
 * Sends a change.
 * @throws RequestError
 */
export function sendJson<T>(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body: unknown = {}): Promise<T> {
  const headers = { 'content-type': 'application/json', ...(csrfToken === '' ? {} : { 'x-navarch-csrf': csrfToken }) }
  return request<T>(path, { method, headers, body: JSON.stringify(body) })
}

async function request<T>(path: string, init: RequestInit, signal?: AbortSignal): Promise<T> {
  const deadline = AbortSignal.timeout(deadlineMs)
  const response = await fetch(path, {
    ...init,
    credentials: 'same-origin',
    signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error
    const why = deadline.aborted ? `no answer within ${deadlineMs / 1000} s` : 'the control plane cannot be reached'
    throw new RequestError(0, 'unreachable', `${why}. What is shown is as old as it says.`)
  })
  const text = await response.text().catch((error: unknown) => {
    if (signal?.aborted) throw error
    throw new RequestError(0, 'unreachable', 'the answer broke off. What is shown is as old as it says.')
  })
  if (response.status === 401 && path !== authRoutes.tokenLogin) onUnauthorized()
  if (!response.ok) throw failureOf(response.status, text)
  if (text === '') return undefined as T
  return JSON.parse(text) as T
}

/** The API's own words where there are some: `/api` and `/v1` have two forms of them. */
function failureOf(status: number, text: string): RequestError {
  try {
    const body = JSON.parse(text) as Partial<ErrorJson> & { message?: string }
    if (typeof body.error === 'object') return new RequestError(status, body.error.code, body.error.message)
    if (typeof body.error === 'string') return new RequestError(status, body.error, body.message ?? body.error)
  } catch {
    // Not ours: a proxy's page, perhaps.
  }
  return new RequestError(status, 'internal', `the answer was ${status}, without a reason`)
}
