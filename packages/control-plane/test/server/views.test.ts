import { once } from 'node:events'
import { get } from 'node:http'
import { createGunzip, gunzipSync } from 'node:zlib'
import { viewRoutes } from '@navarch/api/views'
import { describe, expect, it } from 'vitest'
import type { LiveMessage } from '../../src/services/views/fleet-feed.ts'
import { startTestServer } from './test-server.ts'

describe('the routes of the dashboard', () => {
  it('answer the whole fleet, compressed for those who take it', async () => {
    const { url } = await startTestServer()
    const plain = await fetch(`${url}${viewRoutes.fleet}`, { headers: { 'accept-encoding': 'identity' } })
    expect(plain.headers.get('content-encoding')).toBeNull()
    expect(await plain.json()).toMatchObject({ revision: 1, nodes: [] })
    const [packed] = await once(
      get(`${url}${viewRoutes.fleet}`, { headers: { 'accept-encoding': 'br, gzip' } }),
      'response',
    )
    expect(packed.headers).toMatchObject({ 'content-encoding': 'gzip', 'content-type': 'application/json' })
    const chunks: Buffer[] = []
    for await (const chunk of packed) chunks.push(chunk)
    expect(JSON.parse(gunzipSync(Buffer.concat(chunks)).toString())).toMatchObject({ revision: 1 })
    const refused = await fetch(`${url}${viewRoutes.fleet}`, { headers: { 'accept-encoding': 'gzip;q=0' } })
    expect(refused.headers.get('content-encoding')).toBeNull()
  })

  it.each([
    [`${viewRoutes.overview}?x=1`, 'unknown key "x"'],
    [`${viewRoutes.history}?hours=0`, 'hours: it must be a whole number from 1 to 720'],
    [`${viewRoutes.history}?hours=ten`, 'hours: it must be a whole number from 1 to 720'],
    [`${viewRoutes.activity}?pools=a`, 'did you mean pool?'],
    [`${viewRoutes.fleetLive}?after=-1`, 'after: it must be a whole number'],
    [`${viewRoutes.search}?limit=1000`, 'limit: it must be a whole number from 1 to 100'],
    [`${viewRoutes.queue}?user=`, 'user: it is empty'],
  ])('refuse %s', async (path, message) => {
    const { url } = await startTestServer()
    const answer = await fetch(`${url}${path}`)
    expect(answer.status).toBe(400)
    expect(await answer.json()).toEqual({ error: { code: 'invalid', message: expect.stringContaining(message) } })
  })

  it('refuse a Last-Event-ID that is no revision', async () => {
    const { url } = await startTestServer()
    const answer = await fetch(`${url}${viewRoutes.fleetLive}`, { headers: { 'last-event-id': 'x' } })
    expect(answer.status).toBe(400)
  })
})

describe('the live stream', () => {
  it('sends each message as it comes, also compressed, and begins where the client left off', async () => {
    const { url, double } = await startTestServer()
    const asked: (number | undefined)[] = []
    const next = Promise.withResolvers<void>()
    double.services.views.fleet.follow = async function* (after): AsyncGenerator<LiveMessage, void, undefined> {
      asked.push(after)
      yield { kind: 'fleet', text: '{"revision":7,"changed":[],"removed":[]}', revision: 7 }
      await next.promise
      yield { kind: 'freshness', text: '{"now":"x"}' }
    }
    const headers = { 'accept-encoding': 'gzip', 'last-event-id': '6' }
    const [response] = await once(get(`${url}${viewRoutes.fleetLive}?after=5`, { headers }), 'response')
    expect(response.headers).toMatchObject({ 'content-type': 'text/event-stream', 'content-encoding': 'gzip' })
    let text = ''
    const unpacked = response.pipe(createGunzip())
    unpacked.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    // Before the second one is there, the first has come whole.
    await expect.poll(() => text).toContain('id: 7\nevent: fleet\ndata: {"revision":7,"changed":[],"removed":[]}\n\n')
    next.resolve()
    await once(unpacked, 'end')
    expect(text.endsWith('event: freshness\ndata: {"now":"x"}\n\n')).toBe(true)
    expect(asked).toEqual([6])
  })

  it('ends the following when the client goes', async () => {
    const { url, double } = await startTestServer()
    const ended = Promise.withResolvers<void>()
    double.services.views.fleet.follow = async function* (
      _after,
      signal,
    ): AsyncGenerator<LiveMessage, void, undefined> {
      yield { kind: 'freshness', text: '{}' }
      await once(signal, 'abort')
      ended.resolve()
    }
    const gone = new AbortController()
    const response = await fetch(`${url}${viewRoutes.fleetLive}`, { signal: gone.signal })
    await response.body?.getReader().read()
    gone.abort()
    await ended.promise
  })
})
