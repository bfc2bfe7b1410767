import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { MetricPoint } from '@navarch/samples/remote-write'
import { createLog, type Log, silentLog } from '@navarch/system/log'
import { createManualClock, type ManualClock } from '@navarch/system/manual-clock'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  createRemoteWriteClient,
  type RemoteWriteClient,
  type RemoteWriteOptions,
  retryAfterMs,
} from './remote-write-client.ts'

/** Answers by turns; the last of them for ever. Undefined: never. */
type Answer = ((response: ServerResponse) => void) | undefined

interface Engine {
  url: string
  requests: { headers: IncomingHttpHeaders; path: string; body: Buffer }[]
}

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function startEngine(answers: Answer[], port = 0): Promise<Engine> {
  const requests: Engine['requests'] = []
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      requests.push({ headers: request.headers, path: request.url ?? '', body: Buffer.concat(parts) })
      answers[Math.min(requests.length, answers.length) - 1]?.(response)
    })
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1/write`, requests }
}

const status =
  (code: number, headers: Record<string, string> = {}, text = ''): Answer =>
  (response) =>
    response.writeHead(code, headers).end(text)

function createClient(
  options: RemoteWriteOptions,
  log: Log = silentLog,
): { client: RemoteWriteClient; clock: ManualClock } {
  const clock = createManualClock()
  const client = createRemoteWriteClient(options, { fetch, clock, log, random: () => 0 })
  cleanups.push(() => client.close())
  return { client, clock }
}

const point = (value: number): MetricPoint => ({
  name: 'm',
  labels: { node: 'n1' },
  value,
  at: 1_767_225_600_000 + value,
})
const points = (count: number) => Array.from({ length: count }, (_, at) => point(at))

/** The values of the client's own metrics, by name and reason. */
function counts(client: RemoteWriteClient): Record<string, number> {
  return Object.fromEntries(
    client
      .metrics()
      .flatMap(({ name, samples }) =>
        samples.map(({ labels, value }) => [
          `${name.replace('navarch_remote_write_', '')}${labels ? ` ${labels['reason']}` : ''}`,
          value,
        ]),
      ),
  )
}

const requestsOf = (engine: Engine, count: number) => vi.waitFor(() => expect(engine.requests).toHaveLength(count))
const failuresOf = (client: RemoteWriteClient, count: number) =>
  vi.waitFor(() => expect(counts(client)['failed_requests_total']).toBe(count))

describe('remote write', () => {
  it("sends points in batches, with the protocol's headers and the site's", async () => {
    const engine = await startEngine([status(204)])
    const { client } = createClient({
      url: engine.url,
      batch: 100,
      headers: { 'x-scope-orgid': 'hpc' },
      auth: { kind: 'bearer', token: 's3cret' },
    })
    client.push(points(250))
    await client.idle()
    expect(engine.requests).toHaveLength(3)
    expect(engine.requests[0]).toMatchObject({
      path: '/api/v1/write',
      headers: {
        'content-encoding': 'snappy',
        'content-type': 'application/x-protobuf',
        'x-prometheus-remote-write-version': '0.1.0',
        'x-scope-orgid': 'hpc',
        authorization: 'Bearer s3cret',
      },
    })
    expect(counts(client)).toMatchObject({ sent_points_total: 250, waiting_points: 0, failed_requests_total: 0 })
  })

  it('gives a user and a password where there are such', async () => {
    const engine = await startEngine([status(200)])
    const { client } = createClient({ url: engine.url, auth: { kind: 'basic', user: 'ada', password: 'ö:x' } })
    client.push(points(1))
    await client.idle()
    const [, text = ''] = engine.requests[0]?.headers.authorization?.split(' ') ?? []
    expect(Buffer.from(text, 'base64').toString()).toBe('ada:ö:x')
  })

  it('sends the same points again after 5xx and 429, later each time', async () => {
    const engine = await startEngine([status(503), status(429), status(500), status(200)])
    const { client, clock } = createClient({ url: engine.url })
    client.push(points(3))
    for (const [failures, pauseMs] of [
      [1, 500],
      [2, 1000],
      [3, 2000],
    ] as const) {
      await failuresOf(client, failures)
      await clock.advance(pauseMs - 1)
      expect(engine.requests).toHaveLength(failures)
      await clock.advance(1)
      await requestsOf(engine, failures + 1)
    }
    await client.idle()
    expect(engine.requests.every(({ body }) => body.equals(engine.requests[0]?.body ?? Buffer.of()))).toBe(true)
    expect(counts(client)).toMatchObject({
      sent_points_total: 3,
      failed_requests_total: 3,
      'dropped_points_total rejected': 0,
    })
  })

  it('waits as long as Retry-After says', async () => {
    const engine = await startEngine([status(429, { 'retry-after': '30' }), status(200)])
    const { client, clock } = createClient({ url: engine.url })
    client.push(points(1))
    await failuresOf(client, 1)
    await clock.advance(29_999)
    expect(engine.requests).toHaveLength(1)
    await clock.advance(1)
    await client.idle()
    expect(engine.requests).toHaveLength(2)
  })

  it('goes on when an engine that was away is there again, and says both once', async () => {
    const gone = await startEngine([status(200)])
    const port = Number(new URL(gone.url).port)
    await cleanups.pop()?.()
    const lines: string[] = []
    const log = createLog((line) => lines.push(JSON.parse(line).msg), { now: () => 0 })
    const { client, clock } = createClient({ url: gone.url }, log)
    client.push(points(2))
    await failuresOf(client, 1)
    client.push([point(7)])
    await clock.advance(1000)
    await failuresOf(client, 2)
    const engine = await startEngine([status(200)], port)
    await clock.advance(60_000)
    await client.idle()
    expect(engine.requests).toHaveLength(1)
    expect(counts(client)).toMatchObject({ sent_points_total: 3, waiting_points: 0 })
    expect(lines).toEqual(['remote write failed; it will be tried again', 'remote write works again'])
  })

  it('gives up on an engine that does not answer in time, and asks again', async () => {
    const engine = await startEngine([undefined, status(200)])
    const { client, clock } = createClient({ url: engine.url, deadlineMs: 5000 })
    client.push(points(1))
    await requestsOf(engine, 1)
    await clock.advance(5000)
    await failuresOf(client, 1)
    await clock.advance(1000)
    await client.idle()
    expect(counts(client)).toMatchObject({ sent_points_total: 1, failed_requests_total: 1 })
  })

  it('drops and counts what the engine refuses, says why, and goes on with the rest', async () => {
    const engine = await startEngine([status(400, {}, 'out of order sample\n'), status(200)])
    const lines: Record<string, unknown>[] = []
    const log = createLog((line) => lines.push(JSON.parse(line)), { now: () => 0 })
    const { client } = createClient({ url: engine.url, batch: 2 }, log)
    client.push(points(3))
    await client.idle()
    expect(counts(client)).toMatchObject({ sent_points_total: 1, 'dropped_points_total rejected': 2 })
    expect(lines[0]).toMatchObject({ level: 'WARN', error: '400 Bad Request: out of order sample', points: 2 })
  })

  it('drops and counts the oldest when too many wait, and never what is on its way', async () => {
    const engine = await startEngine([undefined])
    const { client } = createClient({ url: engine.url, batch: 2, maxQueue: 5 })
    client.push(points(4))
    await requestsOf(engine, 1)
    client.push(points(2))
    expect(counts(client)).toMatchObject({ waiting_points: 5, 'dropped_points_total queue_full': 1 })
    client.push(points(3))
    expect(counts(client)).toMatchObject({ waiting_points: 5, 'dropped_points_total queue_full': 4 })
  })

  it('keeps all points of the newest moment, though what is on its way takes of the room', async () => {
    const engine = await startEngine([undefined])
    const { client } = createClient({ url: engine.url, batch: 2, maxQueue: 5 })
    client.push(points(4))
    await requestsOf(engine, 1)
    client.push(points(4))
    expect(counts(client)).toMatchObject({ waiting_points: 6, 'dropped_points_total queue_full': 2 })
    client.push(points(5))
    expect(counts(client)).toMatchObject({ waiting_points: 7, 'dropped_points_total queue_full': 6 })
  })

  it('keeps all points of the newest moment, though more than may wait', async () => {
    const engine = await startEngine([undefined])
    const { client } = createClient({ url: engine.url, batch: 2, maxQueue: 5 })
    client.push(points(4))
    await requestsOf(engine, 1)
    client.push(points(100))
    expect(counts(client)).toMatchObject({ waiting_points: 102, 'dropped_points_total queue_full': 2 })
  })

  it('ends at once when it is closed, whatever it waits for', async () => {
    const engine = await startEngine([undefined])
    const { client } = createClient({ url: engine.url })
    client.push(points(1))
    await requestsOf(engine, 1)
    await client.close()
    client.push(points(1))
    expect(counts(client)).toMatchObject({ sent_points_total: 0, waiting_points: 1 })
  })

  it('loses no point and sends none twice, whatever the engine answers', async () => {
    const codes = fc.array(fc.constantFrom(200, 204, 400, 404, 429, 500, 503), { maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(
        codes,
        fc.array(fc.nat(30), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 20 }),
        async (answers, pushes, batch) => {
          const left = [...answers]
          const answer = async () => new Response(null, { status: left.shift() ?? 200 })
          const clock = { ...createManualClock(), sleep: async () => {} }
          const client = createRemoteWriteClient(
            { url: 'http://engine/', batch },
            { fetch: answer, clock, log: silentLog, random: () => 0 },
          )
          for (const count of pushes) client.push(points(count))
          await client.idle()
          const {
            sent_points_total: sent = 0,
            'dropped_points_total rejected': rejected = 0,
            waiting_points,
          } = counts(client)
          expect(sent + rejected).toBe(pushes.reduce((sum, count) => sum + count, 0))
          expect(waiting_points).toBe(0)
        },
      ),
      { numRuns: 50 },
    )
  })

  it('refuses a URL that cannot be, without showing a password', () => {
    const make = (url: string) => () =>
      createRemoteWriteClient({ url }, { fetch, clock: createManualClock(), log: silentLog, random: () => 0 })
    expect(make('ftp://ada:pw@h/')).toThrow(
      'remote write: "ftp://…@h/" is no URL of http or https, e.g. http://prometheus:9090/api/v1/write',
    )
    expect(make('http://ada:pw@h/')).toThrow(
      'remote write: the URL for h has a user in it; give the user and the password apart',
    )
  })
})

describe('Retry-After', () => {
  it('is seconds or a date', () => {
    const now = Date.UTC(2026, 0, 1)
    expect(retryAfterMs('120', now)).toBe(120_000)
    expect(retryAfterMs('Thu, 01 Jan 2026 00:00:10 GMT', now)).toBe(10_000)
    expect(retryAfterMs('Thu, 01 Jan 2025 00:00:10 GMT', now)).toBe(0)
    expect(retryAfterMs('soon', now)).toBeUndefined()
    expect(retryAfterMs(null, now)).toBeUndefined()
  })
})
