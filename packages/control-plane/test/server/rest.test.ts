import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { requestHttp2 } from './http2-client.ts'
import { startTestServer } from './test-server.ts'

const json = { 'content-type': 'application/json' }

function post(url: string, body?: string, headers: Record<string, string> = json): Promise<Response> {
  return fetch(url, { method: 'POST', headers, ...(body !== undefined && { body }) })
}

describe('the REST API', () => {
  it('answers on HTTP/1.1 and on cleartext HTTP/2 at one port', async () => {
    const { url } = await startTestServer()
    const http1 = await fetch(`${url}/api/v1/nodes`)
    expect(http1.status).toBe(200)
    expect(await http1.json()).toMatchObject([{ id: 'node-1', health: 'healthy' }])
    const http2 = await requestHttp2(url, { ':path': '/api/v1/nodes/node-1' })
    expect(http2.status).toBe(200)
    expect(JSON.parse(http2.body.toString())).toMatchObject({ id: 'node-1' })
  })

  it('serves probes, metrics and a landing page', async () => {
    const { url, double } = await startTestServer()
    expect(await (await fetch(`${url}/healthz`)).text()).toBe('ok')
    expect(await (await fetch(`${url}/readyz`)).text()).toBe('ready')
    const metrics = await fetch(`${url}/metrics`)
    expect(metrics.headers.get('content-type')).toContain('text/plain; version=0.0.4')
    expect(await metrics.text()).toContain('navarch_nodes_total')
    expect(await (await fetch(url)).text()).toContain('/api/v1/nodes')
    double.notReady = 'the store is not open'
    const notReady = await fetch(`${url}/readyz`)
    expect([notReady.status, await notReady.text()]).toEqual([503, 'the store is not open'])
  })

  it('lists on its landing page what it serves, alerts, logins and views too', async () => {
    const { url } = await startTestServer()
    const text = await (await fetch(url)).text()
    const paths = text.match(/\/(?:api|auth)\/[\w/-]+/g) ?? []
    expect(paths).toEqual(expect.arrayContaining(['/api/v1/overview', '/api/v1/alerts', '/auth/session']))
    for (const path of paths) {
      const answer = await (await fetch(`${url}${path}`)).text()
      expect(answer, path).not.toContain('no such route')
    }
  })

  it.each([
    ['/api/v1/nodes/node-9', 404, 'not_found', 'node not found: node-9'],
    ['/api/v1/nodes?regin=x', 400, 'invalid', 'query: unknown key "regin"; did you mean region?'],
    ['/api/v1/nodes?status=ill', 400, 'invalid', 'query: status: "ill" is not one of provisioning, active'],
    ['/api/v1/nodes?pool=a&pool=b', 400, 'invalid', 'query: pool is given 2 times'],
    ['/api/v1/pools?x=1', 400, 'invalid', 'query: unknown key "x"; none is known here'],
    ['/api/v1/events?after=-1', 400, 'invalid', 'query: after: it must be a whole number'],
    ['/api/v1/nothing', 404, 'not_found', 'no such route: GET /api/v1/nothing'],
    ['/download/other', 404, 'not_found', 'no such download'],
    ['/download/navarch-linux-amd64', 404, 'not_found', 'run "npm run build:executables"'],
  ])('refuses %s with %i', async (path, status, code, message) => {
    const { url } = await startTestServer()
    const response = await fetch(`${url}${path}`)
    expect(response.status).toBe(status)
    expect(await response.json()).toEqual({ error: { code, message: expect.stringContaining(message) } })
  })

  it.each([
    ['/api/v1/events', 'the number of an event'],
    ['/api/v1/fleet/live', 'a revision of the fleet'],
  ])('refuses to go on in %s from what is not %s', async (path, what) => {
    const { url } = await startTestServer()
    const headers = { accept: 'text/event-stream', 'last-event-id': '7x' }
    const response = await fetch(`${url}${path}`, { headers })
    expect(response.status).toBe(400)
    expect(await response.text()).toContain(`Last-Event-ID is not ${what}: \\"7x\\"`)
  })

  it('does what a POST asks', async () => {
    const { url, double } = await startTestServer()
    expect((await post(`${url}/api/v1/nodes/node-1/cordon`, '{"reason":"fan"}')).status).toBe(200)
    expect((await post(`${url}/api/v1/pools/main/scale`, '{"nodes":3}')).status).toBe(200)
    expect((await post(`${url}/api/v1/pools/main/scale`, '{"nodes":null}')).status).toBe(200)
    expect((await post(`${url}/api/v1/operations/op-1/cancel`, undefined, {})).status).toBe(200)
    expect(double.changes).toEqual(['cordon node-1 fan', 'scale main 3', 'scale main null', 'cancel op-1'])
  })

  it('takes a body of no stated length on HTTP/1.1 and HTTP/2, and none without its type', async () => {
    const { url, double } = await startTestServer()
    const path = '/api/v1/nodes/node-1/cordon'
    const chunks = new Blob(['{"reason":', '"fan"}']).stream()
    const init: RequestInit & { duplex: 'half' } = { method: 'POST', headers: json, body: chunks, duplex: 'half' }
    expect((await fetch(`${url}${path}`, init)).status).toBe(200)
    const http2 = { ':method': 'POST', ':path': path }
    expect((await requestHttp2(url, { ...http2, ...json }, '{"reason":"fan"}')).status).toBe(200)
    expect((await requestHttp2(url, http2)).status).toBe(200)
    expect((await requestHttp2(url, http2, '{"reason":"fan"}')).status).toBe(400)
    expect(double.changes).toEqual(['cordon node-1 fan', 'cordon node-1 fan', 'cordon node-1'])
  })

  it('maps every kind of failure to its status and tells no internals', async () => {
    const { url } = await startTestServer()
    expect((await post(`${url}/api/v1/nodes/node-1/uncordon`, '{}')).status).toBe(409)
    expect((await post(`${url}/api/v1/operations/op-1/retry`, '{}')).status).toBe(503)
    const broken = await fetch(`${url}/api/v1/nodes/node-broken`)
    expect(broken.status).toBe(500)
    expect(await broken.text()).not.toMatch(/secret|TypeError|at /)
  })

  it.each([
    ['a form', 'reason=x', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['plain text', '{}', { 'content-type': 'text/plain' }, 415],
    ['a page of another origin', '{}', { ...json, origin: 'http://evil.example' }, 403],
    ['broken JSON', '{', json, 400],
    ['an array', '[]', json, 400],
    ['an unknown key', '{"reson":"x"}', json, 400],
    ['a size that is no number', '{"reason":7}', json, 400],
    ['too much', JSON.stringify({ reason: 'x'.repeat(2 ** 20) }), json, 413],
  ])('refuses %s as a body, and changes nothing', async (_, body, headers, status) => {
    const { url, double } = await startTestServer()
    expect((await post(`${url}/api/v1/nodes/node-1/cordon`, body, headers)).status).toBe(status)
    expect(double.changes).toEqual([])
  })

  it.each(['TRACE', 'CONNECT', 'DELETE', 'PUT', 'POST', 'ODD'])(
    'has no %s for a route that is read',
    async (method) => {
      const { url } = await startTestServer()
      const target = method === 'CONNECT' ? { ':authority': 'other:1' } : { ':path': '/api/v1/nodes' }
      const answer = await requestHttp2(url, { ':method': method, ...target }).catch(() => undefined)
      expect([undefined, 400, 404, 405]).toContain(answer?.status)
      expect((await fetch(`${url}/healthz`)).status).toBe(200)
    },
  )

  it('refuses a scale without a size', async () => {
    const { url, double } = await startTestServer()
    const response = await post(`${url}/api/v1/pools/main/scale`, '{}')
    expect(await response.json()).toMatchObject({
      error: { message: expect.stringContaining('or null for the autoscaler') },
    })
    expect(double.changes).toEqual([])
  })

  it('serves programs with their length and an ETag, and the installer with its own address', async () => {
    const downloadDir = await mkdtemp(join(tmpdir(), 'navarch-download-'))
    await writeFile(join(downloadDir, 'navarch-linux-amd64'), 'program')
    const { url } = await startTestServer({ downloadDir, authToken: 'secret' })
    const program = await fetch(`${url}/download/navarch-linux-amd64`)
    expect([program.headers.get('content-length'), await program.text()]).toEqual(['7', 'program'])
    const etag = program.headers.get('etag') ?? ''
    const again = await fetch(`${url}/download/navarch-linux-amd64`, { headers: { 'if-none-match': etag } })
    expect(again.status).toBe(304)
    const script = await (await fetch(`${url}/download/install.sh`)).text()
    expect(script).toContain(`server='${url}'`)
    expect(script).not.toContain('@SERVER@')
    await rm(downloadDir, { recursive: true })
  })

  it('never fails inside and never changes anything on mutated requests', async () => {
    const { url, double } = await startTestServer()
    const bodies = fc.oneof(fc.json(), fc.string(), fc.constantFrom('{"reason":', '{"__proto__":{"x":1}}', '\u0000'))
    const paths = fc.constantFrom('nodes/node-1/cordon', 'pools/main/scale', 'nodes/%ff/drain', 'nodes/..%2f/cordon')
    const queries = fc.webQueryParameters()
    await fc.assert(
      fc.asyncProperty(paths, queries, bodies, async (path, query, body) => {
        const changed = await post(`${url}/api/v1/${path}`, `${body}x`)
        expect([400, 404]).toContain(changed.status)
        const read = await fetch(`${url}/api/v1/nodes?q${query}`)
        expect(read.status).toBe(400)
        expect(Object.keys((await read.json()) as object)).toEqual(['error'])
      }),
      { numRuns: 100 },
    )
    expect(double.changes).toEqual([])
  })
})
