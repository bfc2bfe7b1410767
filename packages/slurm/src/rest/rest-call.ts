import { asObject, parseBody, textOf } from '../json/json-value.ts'
import type { SlurmClock } from '../run-command.ts'
import { meaningOf } from '../slurm-command.ts'
import { SlurmError, SlurmParseError } from '../slurm-error.ts'

/** What is used of `fetch`. */
export type RestFetch = (
  url: string,
  options?: {
    method?: string
    headers?: Record<string, string>
    body?: string
    signal?: AbortSignal
  },
) => Promise<{ status: number; text(): Promise<string> }>

export interface RestOptions {
  /** Base URL, e.g. "http://slurm:6820". For a unix socket any host, with a `fetch` that goes there. */
  url: string
  fetch: RestFetch
  clock: SlurmClock
  /** For X-SLURM-USER-TOKEN, asked for each call since it may be renewed. Undefined: none is sent. */
  token?: () => string | undefined
  /** For X-SLURM-USER-NAME: whom the token is used for. Default: whom it names itself. 22.05 wants to be told. */
  user?: string
  /** Each call's deadline, ms. Default 10,000. */
  deadlineMs?: number
}

/** An answer of slurmrestd with a good status. */
export interface RestAnswer {
  body: string
  /** The call, for people. */
  call: string
  tookMs: number
}

/** One call of slurmrestd. Throws only `SlurmError` and ends within the deadline. */
export type RestCall = (method: 'GET' | 'POST' | 'DELETE', path: string, body?: object) => Promise<RestAnswer>

/** Makes the function that calls slurmrestd. */
export function createRestCall(options: RestOptions): RestCall {
  const { fetch, clock, deadlineMs = 10_000 } = options
  const base = options.url.replace(/\/+$/, '')
  return async (method, path, body) => {
    const call = `${method} ${base}${path}`
    const started = clock.now()
    const ended = new AbortController()
    const token = options.token?.()
    const user = options.user ?? (token === undefined ? undefined : userOf(token))
    const request = {
      method,
      headers: {
        accept: 'application/json',
        ...(body && { 'content-type': 'application/json' }),
        ...(token !== undefined && { 'x-slurm-user-token': token }),
        ...(user !== undefined && { 'x-slurm-user-name': user }),
      },
      signal: ended.signal,
      ...(body && { body: JSON.stringify(body) }),
    }
    const late = clock.sleep(deadlineMs, ended.signal).then(() => {
      throw new SlurmError('timeout', `${call}: no answer within ${deadlineMs} ms`, { command: call })
    })
    const answer = (async () => {
      try {
        const { status, text } = await fetch(`${base}${path}`, request).then(async (response) => ({
          status: response.status,
          text: await response.text(),
        }))
        return { status, text }
      } catch (cause) {
        throw new SlurmError('unreachable', `${call}: ${reasonOf(cause)}`, { command: call, cause })
      }
    })()
    try {
      const { status, text } = await Promise.race([answer, late])
      if (status < 200 || status > 299) throw statusError(status, text, call)
      return { body: text, call, tookMs: clock.now() - started }
    } finally {
      // What lost the race ends unheard.
      late.catch(() => {})
      answer.catch(() => {})
      ended.abort(new Error('the call is over'))
    }
  }
}

/**
 * Reads an answer; errors name the call.
 * @throws SlurmError
 */
export function readAnswer<T>({ body, call }: Pick<RestAnswer, 'body' | 'call'>, parse: (body: string) => T): T {
  try {
    return parse(body)
  } catch (error) {
    if (error instanceof SlurmParseError)
      throw new SlurmError('parse', `${call} answered ${error.message}`, { command: call, cause: error })
    if (error instanceof SlurmError) throw new SlurmError(error.code, `${call}: ${error.message}`, { command: call })
    throw error
  }
}

/** The user that a token is made for: `sun` in the claims that `scontrol token` writes. */
function userOf(token: string): string | undefined {
  try {
    const claims: unknown = JSON.parse(atob((token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/')))
    return textOf(asObject(claims, 'token'), 'sun')
  } catch {
    return undefined
  }
}

/** slurmrestd says 500 for most of what it refuses; its words say what it is. */
function statusError(status: number, body: string, call: string): SlurmError {
  let said = body.trim().slice(0, 2000)
  try {
    parseBody(body)
  } catch (error) {
    if (error instanceof SlurmError) said = error.message
  }
  const code = status === 401 || status === 403 ? 'permission' : meaningOf(said)
  const known = code === 'failed' && status === 404 ? 'not-found' : code
  return new SlurmError(known, `${call}: status ${status}${said === '' ? '' : `: ${said}`}`, {
    command: call,
    stderr: said,
  })
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message
}
