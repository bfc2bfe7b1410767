import {
  authRoutes,
  csrfHeader,
  type NewApiTokenJson,
  type OpenSessionJson,
  type SessionJson,
  tokenRoutes,
} from '@navarch/api/auth'
import { createManualClock } from '@navarch/system/manual-clock'
import { describe, expect, it } from 'vitest'
import { localPath } from '../../src/server/rest/auth-routes.ts'
import { type CredentialsDouble, noCredentials, openTestLogin } from './test-login.ts'
import { startTestServer, type TestServer } from './test-server.ts'

const auth = {
  tokens: [
    { name: 'grafana', role: 'viewer', source: { env: 'VIEWER' } },
    { name: 'on-call', role: 'operator', source: { env: 'OPERATOR' } },
    { name: 'nodes', role: 'agent', source: { env: 'AGENT' } },
  ] as const satisfies unknown[],
}
const env = { VIEWER: 'look', OPERATOR: 'steer', AGENT: 'report' }

async function start({
  stored,
  clock = createManualClock(),
}: {
  stored?: CredentialsDouble
  clock?: ReturnType<typeof createManualClock>
} = {}): Promise<TestServer> {
  const login = await openTestLogin(
    { ...auth, tokens: [...auth.tokens] },
    { authToken: 'secret', effects: { env, clock }, ...(stored && { stored }) },
  )
  return startTestServer({ login })
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const json = { 'content-type': 'application/json' }

/** A browser: it keeps one cookie and sends it. */
async function logIn(url: string, token: string) {
  const response = await fetch(`${url}${authRoutes.tokenLogin}`, {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ token }),
  })
  const cookie = response.headers.get('set-cookie') ?? ''
  const session = (await response.json()) as SessionJson
  const headers = { cookie: cookie.split(';')[0] ?? '' }
  return {
    response,
    cookie,
    session,
    get: (path: string) => fetch(`${url}${path}`, { headers }),
    post: (path: string, more: Record<string, string> = {}) =>
      fetch(`${url}${path}`, { method: 'POST', headers: { ...headers, ...json, ...more }, body: '{}' }),
  }
}

async function sessionAt(url: string, headers: Record<string, string> = {}): Promise<SessionJson> {
  return (await (await fetch(`${url}${authRoutes.session}`, { headers })).json()) as SessionJson
}

describe('a login with a token', () => {
  it('tells anybody what there is to log in with, and nothing else', async () => {
    const { url } = await start()
    expect(await sessionAt(url)).toEqual({
      access: 'login',
      user: null,
      csrf_token: null,
      expires_at: null,
      idle_expires_at: null,
      login: { token: true, problem: null, oidc: null },
    })
    expect((await fetch(`${url}/api/v1/nodes`)).status).toBe(401)
  })

  it('needs none where no token is configured', async () => {
    const { url } = await startTestServer()
    expect(await sessionAt(url)).toMatchObject({ access: 'open', user: { role: 'admin', via: 'open' } })
    expect(await sessionAt(url, { 'x-forwarded-for': '10.0.0.7' })).toMatchObject({ user: { role: 'viewer' } })
    expect((await logIn(url, 'x')).response.status).toBe(409)
  })

  it("opens a session with that token's role, in a cookie that scripts cannot read", async () => {
    const { url } = await start()
    const browser = await logIn(url, 'steer')
    expect(browser.session).toMatchObject({ user: { name: 'on-call', role: 'operator', via: 'session' } })
    expect(browser.cookie).toMatch(/^navarch-session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=86400$/)
    expect((await browser.get('/api/v1/nodes')).status).toBe(200)
    expect((await (await browser.get(authRoutes.session)).json()) as SessionJson).toEqual(browser.session)
  })

  it('takes a change by a session from its own page alone', async () => {
    const { url, double } = await start()
    const browser = await logIn(url, 'steer')
    const path = '/api/v1/nodes/node-1/cordon'
    const token = { [csrfHeader]: browser.session.csrf_token ?? '' }
    const statuses = [
      await browser.post(path),
      await browser.post(path, { [csrfHeader]: 'x'.repeat(43) }),
      await browser.post(path, { ...token, origin: 'http://evil.example' }),
      await browser.post(path, { ...token, 'sec-fetch-site': 'cross-site' }),
      await browser.post(path, { ...token, 'sec-fetch-site': 'same-site' }),
    ].map(({ status }) => status)
    expect(statuses).toEqual([403, 403, 403, 403, 403])
    expect(double.changes).toEqual([])
    expect((await browser.post(path, { ...token, 'sec-fetch-site': 'same-origin', origin: url })).status).toBe(200)
    expect(double.changes).toEqual(['cordon node-1'])
  })

  it('holds on RPCs too, where a change needs the same', async () => {
    const { url } = await start()
    const browser = await logIn(url, 'steer')
    const service = '/navarch.ControlPlaneService'
    expect((await browser.post(`${service}/ListNodes`)).status).toBe(200)
    expect((await browser.post(`${service}/CancelOperation`)).status).toBe(403)
    const token = { [csrfHeader]: browser.session.csrf_token ?? '' }
    expect((await browser.post(`${service}/CancelOperation`, token)).status).toBe(400)
  })

  it('lets a viewer look and nothing more', async () => {
    const { url } = await start()
    const browser = await logIn(url, 'look')
    const refused = await browser.post('/api/v1/nodes/node-1/drain', {
      [csrfHeader]: browser.session.csrf_token ?? '',
    })
    expect([refused.status, await refused.json()]).toEqual([
      403,
      { error: { code: 'forbidden', message: 'grafana is a viewer: this needs the role operator or admin' } },
    ])
  })

  it("is refused with an agent's token, and with one that nobody knows", async () => {
    const { url } = await start()
    expect((await logIn(url, 'report')).response.status).toBe(403)
    expect((await logIn(url, 'wrong')).response.status).toBe(401)
  })

  it('is refused for a while after ten have failed, whatever comes then', async () => {
    const clock = createManualClock()
    const { url } = await start({ clock })
    for (let tries = 0; tries < 10; tries += 1) expect((await logIn(url, `wrong-${tries}`)).response.status).toBe(401)
    const { response } = await logIn(url, 'steer')
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '30'])
    await clock.advance(30_000)
    expect((await logIn(url, 'steer')).response.status).toBe(200)
  })

  it('is refused over a plain connection from elsewhere, with the remedy', async () => {
    const { url } = await start()
    const away = { ...json, 'x-forwarded-for': '10.0.0.7' }
    const response = await fetch(`${url}${authRoutes.tokenLogin}`, {
      method: 'POST',
      headers: away,
      body: '{"token":"steer"}',
    })
    expect(response.status).toBe(403)
    expect(await sessionAt(url, away)).toMatchObject({ login: { problem: expect.stringContaining('server.tls') } })
  })

  it('has the safer cookie behind a proxy with TLS', async () => {
    const login = await openTestLogin({}, { authToken: 'secret', externalAddress: 'https://navarch.example' })
    const { url } = await startTestServer({ login })
    const response = await fetch(`${url}${authRoutes.tokenLogin}`, {
      method: 'POST',
      headers: { ...json, 'x-forwarded-for': '10.0.0.7' },
      body: '{"token":"secret"}',
    })
    expect(response.headers.get('set-cookie')).toMatch(/^__Host-navarch-session=.*; Path=\/; .*; Secure$/)
  })

  it('ends by logging out, at the server', async () => {
    const { url } = await start()
    const browser = await logIn(url, 'steer')
    expect((await browser.post(authRoutes.logout)).status).toBe(403)
    const out = await browser.post(authRoutes.logout, { [csrfHeader]: browser.session.csrf_token ?? '' })
    expect(out.headers.get('set-cookie')).toMatch(/^navarch-session=; .*Max-Age=0$/)
    expect(await out.json()).toMatchObject({ user: null })
    expect((await browser.get('/api/v1/nodes')).status).toBe(401)
  })

  it('is ended by an administrator, who sees whose it is', async () => {
    const { url } = await start()
    const browser = await logIn(url, 'steer')
    const list = await fetch(`${url}${tokenRoutes.sessions}`, { headers: bearer('secret') })
    const [session] = (await list.json()) as OpenSessionJson[]
    expect(session).toMatchObject({ name: 'on-call', role: 'operator', origin: { kind: 'token', of: 'on-call' } })
    expect((await browser.get(tokenRoutes.sessions)).status).toBe(403)
    const ended = await fetch(`${url}/api/v1/sessions/${session?.id}`, { method: 'DELETE', headers: bearer('secret') })
    expect(ended.status).toBe(200)
    expect((await browser.get('/api/v1/nodes')).status).toBe(401)
  })

  it('ends when it is not used, and at its longest, and holds over a restart', async () => {
    const clock = createManualClock()
    const stored = noCredentials()
    const first = await start({ clock, stored })
    const secret = (await logIn(first.url, 'steer')).cookie.split(';')[0] ?? ''
    const second = await start({ clock, stored })
    const ask = async () => (await fetch(`${second.url}/api/v1/nodes`, { headers: { cookie: secret } })).status
    const statuses: number[] = []
    for (let hour = 0; hour < 25; hour += 1) {
      statuses.push(await ask())
      await clock.advance(3_599_000)
    }
    expect(statuses.lastIndexOf(200)).toBe(24)
    expect(await ask()).toBe(401)
    const unused = (await logIn(first.url, 'steer')).cookie.split(';')[0] ?? ''
    await clock.advance(3_600_000)
    expect((await fetch(`${first.url}/api/v1/nodes`, { headers: { cookie: unused } })).status).toBe(401)
  })
})

describe('tokens that are made here', () => {
  const make = (url: string, body: object, token = 'secret') =>
    fetch(`${url}${tokenRoutes.tokens}`, {
      method: 'POST',
      headers: { ...json, ...bearer(token) },
      body: JSON.stringify(body),
    })
  const nodes = async (url: string, token: string) =>
    (await fetch(`${url}/api/v1/nodes`, { headers: bearer(token) })).status

  it('work as their role until they are revoked, and so do sessions that began with them', async () => {
    const { url } = await start()
    const response = await make(url, { name: 'ci', role: 'operator' })
    expect(response.status).toBe(201)
    const made = (await response.json()) as NewApiTokenJson
    expect(made).toMatchObject({ name: 'ci', role: 'operator', created_by: 'the configured token', state: 'active' })
    expect(made.token).toMatch(/^nvt_token0000001_[\w-]{43}$/)
    const browser = await logIn(url, made.token)
    expect([await nodes(url, made.token), (await browser.get('/api/v1/nodes')).status]).toEqual([200, 200])
    const revoked = await fetch(`${url}/api/v1/tokens/${made.id}`, { method: 'DELETE', headers: bearer('secret') })
    expect(await revoked.json()).toMatchObject({ state: 'revoked', revoked_by: 'the configured token' })
    expect([await nodes(url, made.token), (await browser.get('/api/v1/nodes')).status]).toEqual([401, 401])
  })

  it('are listed without their secret, of which nothing is stored', async () => {
    const stored = noCredentials()
    const { url } = await start({ stored })
    const { token } = (await (await make(url, { name: 'ci', role: 'viewer' })).json()) as NewApiTokenJson
    const secret = token.slice(-43)
    const list = await fetch(`${url}${tokenRoutes.tokens}`, { headers: bearer('secret') })
    expect(await list.text()).not.toContain(secret)
    expect(JSON.stringify([...stored.tokens.values()])).not.toContain(secret)
    const restarted = await start({ stored })
    expect(await nodes(restarted.url, token)).toBe(200)
  })

  it('end when they expire', async () => {
    const clock = createManualClock()
    const { url } = await start({ clock })
    const made = (await (
      await make(url, { name: 'ci', role: 'viewer', expires_in_seconds: 3600 })
    ).json()) as NewApiTokenJson
    expect(await nodes(url, made.token)).toBe(200)
    await clock.advance(3_600_000)
    const refused = await fetch(`${url}/api/v1/nodes`, { headers: bearer(made.token) })
    expect([refused.status, await refused.text()]).toEqual([401, expect.stringContaining('the token ci has expired')])
  })

  it.each([
    [{ name: 'a b', role: 'viewer' }, 400],
    [{ name: 'ci', role: 'owner' }, 400],
    [{ name: 'ci', role: 'viewer', expires_in_seconds: 1 }, 400],
    [{ role: 'viewer' }, 400],
  ])('refuse %j', async (body, status) => {
    const { url } = await start()
    expect((await make(url, body)).status).toBe(status)
  })

  it('are made by an administrator alone, and not where nobody needs one', async () => {
    const { url } = await start()
    expect((await make(url, { name: 'ci', role: 'viewer' }, 'steer')).status).toBe(403)
    const open = await startTestServer()
    const refused = await make(open.url, { name: 'ci', role: 'viewer' })
    expect([refused.status, await refused.text()]).toEqual([409, expect.stringContaining('NAVARCH_AUTH_TOKEN')])
  })

  it('have names that are told apart', async () => {
    const { url } = await start()
    expect((await make(url, { name: 'ci', role: 'viewer' })).status).toBe(201)
    expect((await make(url, { name: 'ci', role: 'viewer' })).status).toBe(409)
    const revoked = await fetch(`${url}/api/v1/tokens/ci`, { method: 'DELETE', headers: bearer('secret') })
    expect(revoked.status).toBe(200)
    expect((await make(url, { name: 'ci', role: 'viewer' })).status).toBe(201)
  })
})

describe('a page to go back to after a login', () => {
  it.each([
    ['/nodes?filter=state%3Adrain', '/nodes?filter=state%3Adrain'],
    ['https://evil.example/', '/'],
    ['//evil.example', '/'],
    ['/\\evil.example', '/'],
    ['/nodes\\..', '/'],
    ['/a\r\nset-cookie: x', '/'],
    ['/auth/logout', '/'],
    ['', '/'],
  ])('%j is %j', (text, path) => {
    expect(localPath(text)).toBe(path)
  })
})
