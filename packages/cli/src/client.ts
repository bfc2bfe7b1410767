import { Readable } from 'node:stream'
import type { RestoreJson } from '@navarch/api/backup'
import { type Route, routePath } from '@navarch/api/routes'
import { CliError } from './cli-error.ts'
import { refusal, strange, unreachable } from './client-errors.ts'
import type { Io } from './io.ts'
import type { ClientSettings } from './settings.ts'

export type Query = Readonly<Record<string, string | number | undefined>>

/** The control plane's REST API. Every request has a deadline. */
export interface Client {
  readonly settings: ClientSettings
  /** A route that answers with an array. */
  list<Item>(route: Route, query?: Query): Promise<Item[]>
  /** A route that answers with an array, below one thing. */
  listOf<Item>(route: Route, parameters: Record<string, string>): Promise<Item[]>
  /** A route that answers with an object. */
  get<Item>(route: Route, parameters?: Record<string, string>, query?: Query): Promise<Item>
  /** A change; answers with the changed object. */
  post<Item>(route: Route, parameters: Record<string, string>, body?: object): Promise<Item>
  /** Takes something away; answers with what it was. */
  delete<Item>(route: Route, parameters: Record<string, string>): Promise<Item>
  /** Opens the stream of events after number `after`; the deadline is for the answer's start alone. */
  openEvents(after: number, signal: AbortSignal): Promise<ReadableStream<Uint8Array>>
  /** Opens a backup; the deadline is for the answer's start alone. */
  openBackup(signal: AbortSignal): Promise<ReadableStream<Uint8Array>>
  /** Sends a backup to be restored. It may take any time; the signal ends it. */
  sendBackup(file: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<RestoreJson>
}

const backupType = 'application/gzip'

interface RequestOptions {
  method?: 'GET' | 'POST' | 'DELETE'
  body?: object
  /** In place of `body`. */
  stream?: RequestInit
  accept?: string
  headers?: Record<string, string>
}

/** Creates a client; talks to nobody yet. */
export function createClient(settings: ClientSettings, io: Pick<Io, 'fetch' | 'clock' | 'signal'>): Client {
  async function send(path: string, signal: AbortSignal, options: RequestOptions = {}): Promise<Response> {
    const { method = 'GET', body, accept = 'application/json', headers, stream } = options
    return await io.fetch(`${settings.server}${path}`, {
      method,
      headers: {
        accept,
        ...headers,
        ...(body && { 'content-type': 'application/json' }),
        ...(settings.authToken && { authorization: `Bearer ${settings.authToken}` }),
      },
      ...(body && { body: JSON.stringify(body) }),
      ...stream,
      signal,
      redirect: 'error',
    })
  }

  /** Runs a request that must be over within the deadline. */
  async function within<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const deadline = new AbortController()
    const cancel = io.clock.after(settings.timeoutMs, () => deadline.abort())
    try {
      return await work(AbortSignal.any([deadline.signal, io.signal]))
    } catch (error) {
      if (error instanceof CliError || io.signal.aborted) throw error
      throw unreachable(settings, deadline.signal.aborted ? `no answer within ${settings.timeoutMs} ms` : error)
    } finally {
      cancel()
    }
  }

  function request(path: string, options?: RequestOptions): Promise<unknown> {
    return within(async (signal) => {
      const response = await send(path, signal, options)
      return await readAnswer(response, settings)
    })
  }

  return {
    settings,
    list: async <Item>(route: Route, query: Query = {}) =>
      arrayOf<Item>(await request(`${routePath(route)}${queryText(query)}`), settings),
    listOf: async <Item>(route: Route, parameters: Record<string, string>) =>
      arrayOf<Item>(await request(routePath(route, parameters)), settings),
    get: async <Item>(route: Route, parameters?: Record<string, string>, query: Query = {}) =>
      objectOf<Item>(await request(`${routePath(route, parameters)}${queryText(query)}`), settings),
    post: async <Item>(route: Route, parameters: Record<string, string>, body: object = {}) =>
      objectOf<Item>(await request(routePath(route, parameters), { method: 'POST', body }), settings),
    delete: async <Item>(route: Route, parameters: Record<string, string>) =>
      objectOf<Item>(await request(routePath(route, parameters), { method: 'DELETE' }), settings),
    openEvents: (after, ended) =>
      openStream(`${routePath('events')}${queryText({ after })}`, 'text/event-stream', ended, {
        'last-event-id': String(after),
      }),
    openBackup: (ended) => openStream(routePath('backup'), backupType, ended),
    async sendBackup(file, ended) {
      // Neither the length of the file nor the speed of the network is known: the caller sees to it that it goes on.
      const signal = AbortSignal.any([ended, io.signal])
      const body: RequestInit & { duplex: 'half' } = { body: Readable.toWeb(Readable.from(file)), duplex: 'half' }
      try {
        const response = await send(routePath('restore'), signal, {
          method: 'POST',
          headers: { 'content-type': backupType },
          stream: body,
        })
        return objectOf<RestoreJson>(await readAnswer(response, settings), settings)
      } catch (error) {
        if (error instanceof CliError || io.signal.aborted) throw error
        throw unreachable(settings, ended.aborted ? ended.reason : error)
      }
    },
  }

  /** Opens an answer that outlives the deadline, which is for its start alone; the caller's signal ends it. */
  function openStream(
    path: string,
    type: string,
    ended: AbortSignal,
    headers: Record<string, string> = {},
  ): Promise<ReadableStream<Uint8Array>> {
    return within(async (signal) => {
      const opening = new AbortController()
      const abort = () => opening.abort()
      signal.addEventListener('abort', abort, { once: true })
      const response = await send(path, AbortSignal.any([opening.signal, ended]), { accept: type, headers })
      const answered = response.headers.get('content-type') ?? ''
      if (response.ok && answered.startsWith(type) && response.body) {
        signal.removeEventListener('abort', abort)
        return response.body
      }
      // A refusal must be over within the deadline.
      await readAnswer(response, settings)
      throw strange(settings, `${response.status} ${answered}`)
    })
  }
}

function queryText(query: Query): string {
  const given = Object.entries(query).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]]))
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`
}

async function readAnswer(response: Response, settings: ClientSettings): Promise<unknown> {
  const text = await response.text()
  if (!response.ok) throw refusal(response.status, text, settings)
  try {
    return JSON.parse(text)
  } catch {
    throw strange(settings, `${response.status} ${response.headers.get('content-type') ?? 'without a type'}`)
  }
}

function arrayOf<Item>(answer: unknown, settings: ClientSettings): Item[] {
  if (Array.isArray(answer)) return answer
  throw strange(settings, 'not a list')
}

function objectOf<Item>(answer: unknown, settings: ClientSettings): Item {
  if (typeof answer === 'object' && answer !== null && !Array.isArray(answer)) return answer as Item
  throw strange(settings, 'not an object')
}
