import type { Metric } from '@navarch/metrics/exposition'
import { encodeWriteRequest, type MetricPoint, remoteWriteHeaders } from '@navarch/samples/remote-write'
import { type BackoffPolicy, backoffDelay } from '@navarch/system/backoff'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'

export interface RemoteWriteOptions {
  /** e.g. "http://prometheus:9090/api/v1/write". */
  url: string
  headers?: Readonly<Record<string, string>>
  auth?: { kind: 'bearer'; token: string } | { kind: 'basic'; user: string; password: string }
  /**
   * Points that wait at most while the engine is away; the oldest go first. Default 200,000, which take about 50 MB. All points of the
   * newest moment wait, however many they and those on their way are.
   */
  maxQueue?: number
  /** Points in one request. Default 2,000. */
  batch?: number
  /** Longest that a request may take, ms. Default 30 s. */
  deadlineMs?: number
}

export interface RemoteWriteEffects {
  fetch: typeof fetch
  clock: Clock
  log: Log
  /** In [0, 1). */
  random: () => number
}

export interface RemoteWriteClient {
  /** Takes points over, to be sent in this order. Never waits, never throws. */
  push(points: readonly MetricPoint[]): void
  /** What became of the points. */
  metrics(): Metric[]
  /** Resolves when nothing waits any more. */
  idle(): Promise<void>
  /** Ends it; what still waits is lost. */
  close(): Promise<void>
}

const backoff: BackoffPolicy = { firstMs: 1000, maxMs: 60_000 }
/** Longest `Retry-After` that is followed. */
const longestPauseMs = 300_000
const shownBytes = 300

/**
 * Sends points to any engine that takes Prometheus' remote write 1.0. One request at a time, so that values come in their order. What an
 * engine refuses (4xx) is dropped and counted, as is the oldest when too much waits; after 429, 5xx or no answer the same points are sent
 * again, after `Retry-After` or a pause that grows to a minute.
 * Source: https://prometheus.io/docs/specs/prw/remote_write_spec/
 * @throws TypeError when the URL is none of http or https, or has a user in it
 */
export function createRemoteWriteClient(options: RemoteWriteOptions, effects: RemoteWriteEffects): RemoteWriteClient {
  const { maxQueue = 200_000, batch = 2000, deadlineMs = 30_000 } = options
  const { clock, log, random } = effects
  const url = urlOf(options.url)
  const headers = { ...options.headers, ...authorization(options.auth), ...remoteWriteHeaders }
  const closed = new AbortController()
  const counts = { sent: 0, rejected: 0, overflow: 0, failures: 0 }
  let queue: MetricPoint[] = []
  /** Those of `queue`'s beginning that are on their way: they are not for the overflow to take. */
  let inFlight = 0
  let running: Promise<void> | undefined
  let away = false

  const drain = async () => {
    for (let attempt = 0; queue.length > 0 && !closed.signal.aborted; ) {
      inFlight = Math.min(batch, queue.length)
      const answer = await send(encodeWriteRequest(queue.slice(0, inFlight)))
      if (closed.signal.aborted) return
      if (answer.kind === 'later') {
        counts.failures++
        // A gap of the engine is told once, and once when it is over.
        const tell = away ? log.debug : log.warn
        tell('remote write failed; it will be tried again', {
          url: url.origin,
          error: answer.error,
          waiting: queue.length,
        })
        away = true
        inFlight = 0
        const pauseMs = Math.max(backoffDelay(backoff, attempt++, random()), answer.afterMs ?? 0)
        await clock.sleep(Math.min(pauseMs, longestPauseMs), closed.signal).catch(() => {})
        continue
      }
      if (answer.kind === 'sent') counts.sent += inFlight
      else {
        counts.rejected += inFlight
        log.warn('remote write was refused; these points are lost', {
          url: url.origin,
          error: answer.error,
          points: inFlight,
        })
      }
      if (away) log.info('remote write works again', { url: url.origin, waiting: queue.length - inFlight })
      away = false
      attempt = 0
      queue = queue.slice(inFlight)
      inFlight = 0
    }
  }

  const start = () => {
    running ??= drain().finally(() => {
      running = undefined
      if (queue.length > 0 && !closed.signal.aborted) start()
    })
  }

  const send = async (body: Uint8Array): Promise<Answer> => {
    const deadline = new AbortController()
    const cancel = clock.after(deadlineMs, () => deadline.abort(new Error(`no answer in ${deadlineMs} ms`)))
    const signal = AbortSignal.any([deadline.signal, closed.signal])
    try {
      const response = await effects.fetch(url, { method: 'POST', headers, body: new Uint8Array(body), signal })
      if (response.ok) {
        await response.body?.cancel()
        return { kind: 'sent' }
      }
      const error = `${response.status} ${response.statusText}: ${await beginningOf(response)}`
      if (response.status !== 429 && response.status < 500) return { kind: 'rejected', error }
      const afterMs = retryAfterMs(response.headers.get('retry-after'), clock.now())
      return { kind: 'later', error, ...(afterMs !== undefined && { afterMs }) }
    } catch (error) {
      return { kind: 'later', error: textOf(error) }
    } finally {
      cancel()
    }
  }

  return {
    push(points) {
      if (closed.signal.aborted) return
      for (const point of points) queue.push(point)
      // Neither what is on its way nor the newest moment is for the overflow to take.
      const over = queue.length - Math.max(maxQueue, inFlight + points.length)
      if (over > 0) {
        queue.splice(inFlight, over)
        counts.overflow += over
      }
      start()
    },
    metrics: () => metricsOf(counts, queue.length),
    async idle() {
      while (running !== undefined) await running
    },
    async close() {
      closed.abort(new Error('closed'))
      await running
    },
  }
}

type Answer =
  | { kind: 'sent' }
  | { kind: 'rejected'; error: string }
  | { kind: 'later'; error: string; afterMs?: number }

function urlOf(text: string): URL {
  const url = URL.parse(text)
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    const shown = text.replace(/\/\/[^/]*@/, '//…@')
    throw new TypeError(`remote write: "${shown}" is no URL of http or https, e.g. http://prometheus:9090/api/v1/write`)
  }
  if (url.username !== '' || url.password !== '') {
    throw new TypeError(`remote write: the URL for ${url.host} has a user in it; give the user and the password apart`)
  }
  return url
}

function authorization(auth: RemoteWriteOptions['auth']): Record<string, string> {
  if (!auth) return {}
  if (auth.kind === 'bearer') return { authorization: `Bearer ${auth.token}` }
  return { authorization: `Basic ${Buffer.from(`${auth.user}:${auth.password}`).toString('base64')}` }
}

/**
 * Seconds or a date, RFC 9110 section 10.2.3.
 * @returns ms from `now` on; undefined when it says nothing that we can read
 */
export function retryAfterMs(header: string | null, now: number): number | undefined {
  if (header === null) return undefined
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000
  const at = Date.parse(header)
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}

/** Enough of an error's text to know it: the rest is not waited for. */
async function beginningOf(response: Response): Promise<string> {
  const reader = response.body?.getReader()
  const first = await reader?.read()
  await reader?.cancel()
  return Buffer.from(first?.value ?? [])
    .toString()
    .slice(0, shownBytes)
    .trim()
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  // fetch says "fetch failed" and hides why.
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}

function metricsOf(
  counts: { sent: number; rejected: number; overflow: number; failures: number },
  waiting: number,
): Metric[] {
  return [
    {
      name: 'navarch_remote_write_sent_points_total',
      help: 'Points that the engine has taken.',
      type: 'counter',
      samples: [{ value: counts.sent }],
    },
    {
      name: 'navarch_remote_write_dropped_points_total',
      help: 'Points that are lost: refused by the engine, or over the limit of what may wait.',
      type: 'counter',
      samples: [
        { labels: { reason: 'rejected' }, value: counts.rejected },
        { labels: { reason: 'queue_full' }, value: counts.overflow },
      ],
    },
    {
      name: 'navarch_remote_write_failed_requests_total',
      help: 'Requests that will be sent again.',
      type: 'counter',
      samples: [{ value: counts.failures }],
    },
    {
      name: 'navarch_remote_write_waiting_points',
      help: 'Points that wait to be sent.',
      type: 'gauge',
      samples: [{ value: waiting }],
    },
  ]
}
