import {
  authRoutes,
  csrfHeader,
  type NewApiTokenJson,
  type OpenSessionJson,
  type SessionJson,
  tokenRoutes,
} from '@navarch/api/auth'
import type { OidcSpec } from '@navarch/config/navarch-config'
import { silentLog } from '@navarch/system/log'
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

  it('is told to wait after ten have failed; a right token opens at any time', async () => {
    const clock = createManualClock()
    const { url } = await start({ clock })
    for (let tries = 0; tries < 10; tries += 1) expect((await logIn(url, `wrong-${tries}`)).response.status).toBe(401)
    const { response, session } = await logIn(url, 'wrong')
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '30'])
    expect(session).toMatchObject({
      error: {
        message: expect.stringMatching(
          /^the token is not one of those .*; too many wrong tokens came from this address/,
        ),
      },
    })
    expect((await logIn(url, 'steer')).response.status).toBe(200)
    await clock.advance(30_000)
    expect((await logIn(url, 'wrong')).response.status).toBe(401)
  })

  const wrongToken = (url: string, headers: Record<string, string>) =>
    fetch(`${url}${authRoutes.tokenLogin}`, {
      method: 'POST',
      headers: { ...json, ...headers },
      body: '{"token":"wrong"}',
    })

  it('is counted by who asks where the proxies are known, and by the proxy where they are not', async () => {
    const proxies = [{ address: '127.0.0.0', family: 'ipv4', prefix: 8 }] as const
    const externalAddress = 'https://navarch.example'
    const attempt = (url: string, from: string) => wrongToken(url, { 'x-forwarded-for': from })
    const statuses = async (trustedProxies?: typeof proxies) => {
      const login = await openTestLogin(
        {},
        { authToken: 'secret', externalAddress, ...(trustedProxies && { trustedProxies: [...trustedProxies] }) },
      )
      const { url } = await startTestServer({ login })
      // What the attacker writes before the address that the proxy adds is no other caller.
      for (let tries = 0; tries < 10; tries += 1) await attempt(url, `203.0.113.${tries}, 192.0.2.66`)
      const [attacker, other] = [await attempt(url, '203.0.113.99, 192.0.2.66'), await attempt(url, '192.0.2.7')]
      return [attacker.status, other.status, await other.text()]
    }
    expect(await statuses(proxies)).toEqual([429, 401, expect.any(String)])
    expect(await statuses()).toEqual([429, 429, expect.stringContaining('name it in server.trusted_proxies')])
  })

  it.each([
    ['is not known as one', undefined, { via: '1.1 proxy' }, 'name it in server.trusted_proxies'],
    ['names nobody', [{ address: '127.0.0.1', family: 'ipv4', prefix: 32 }] as const, {}, 'must set X-Forwarded-For'],
  ])('says what helps those who come by a proxy that %s', async (_, proxies, headers, remedy) => {
    const login = await openTestLogin(
      {},
      {
        authToken: 'secret',
        externalAddress: 'https://navarch.example',
        ...(proxies && { trustedProxies: [...proxies] }),
      },
    )
    const { url } = await startTestServer({ login })
    for (let tries = 0; tries < 10; tries += 1) expect((await wrongToken(url, headers)).status).toBe(401)
    const refused = await wrongToken(url, headers)
    expect([refused.status, await refused.text()]).toEqual([429, expect.stringContaining(remedy)])
  })

  it('is in the log when it failed, with the address and without the token', async () => {
    const lines: unknown[] = []
    const warn = (msg: string, fields?: object) => void lines.push({ msg, ...fields })
    const agentToken = 'an-agents-token-of-some-length'
    const login = await openTestLogin(
      { tokens: [{ name: 'nodes', role: 'agent', source: { env: 'AGENT' } }] },
      { authToken: 'a-token-of-some-length', effects: { env: { AGENT: agentToken }, log: { ...silentLog, warn } } },
    )
    const { url } = await startTestServer({ login })
    await logIn(url, 'wr0ng')
    await logIn(url, agentToken)
    const failed = { msg: 'login failed', address: '127.0.0.1' }
    expect(lines).toEqual([
      { ...failed, reason: expect.stringContaining('the token is not one of those') },
      { ...failed, reason: expect.stringContaining("nodes is an agent's token") },
    ])
    expect(JSON.stringify(lines)).not.toMatch(new RegExp(`wr0ng|${agentToken}`))
  })

  it('comes with a warning at the start when a token is short enough to be guessed', async () => {
    const lines: unknown[] = []
    const warn = (_: string, fields?: object) => void lines.push(fields)
    await openTestLogin({}, { authToken: 'secret', effects: { log: { ...silentLog, warn } } })
    expect(lines).toEqual([{ reason: expect.stringContaining('less than 16 characters') }])
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

describe('what is configured', () => {
  const twins = [
    { name: 'on-call', role: 'operator', source: { env: 'OPERATOR' } },
    { name: 'nodes', role: 'agent', source: { env: 'OPERATOR' } },
  ] as const

  it('is a condition where two tokens are the same one, of which one role counts', async () => {
    const { conditions } = await openTestLogin({ tokens: [...twins] }, { effects: { env } })
    expect(conditions).toEqual([
      'server.auth.tokens nodes is the same as on-call, so it has the role operator: give each a value of its own',
    ])
  })

  it('is told to people who have not logged in without saying where its secrets are', async () => {
    const oidc: OidcSpec = {
      name: 'Company SSO',
      issuer: 'http://127.0.0.1:9',
      clientId: 'navarch',
      clientSecret: { file: '/nowhere/secret' },
      scopes: ['openid'],
      roleClaim: 'groups',
      roleMapping: {},
      defaultRole: 'viewer',
      usernameClaim: 'preferred_username',
      audience: 'navarch',
    }
    const login = await openTestLogin({ oidc }, { authToken: 'secret' })
    expect(login.conditions).toEqual([expect.stringContaining('/nowhere/secret')])
    const { url } = await startTestServer({ login })
    const told = await sessionAt(url)
    expect(told.login.oidc?.problem).toBe('Company SSO: its client secret cannot be read; the log has the reason')
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

  it('are told from those of the configuration, which are revoked there', async () => {
    const { url } = await start()
    const revoke = async (name: string) => {
      const path = `${url}/api/v1/tokens/${encodeURIComponent(name)}`
      const response = await fetch(path, { method: 'DELETE', headers: bearer('secret') })
      return [response.status, await response.text()]
    }
    expect(await revoke('grafana')).toEqual([409, expect.stringContaining('server.auth.tokens (token_env: VIEWER)')])
    expect(await revoke('the configured token')).toEqual([409, expect.stringContaining('NAVARCH_AUTH_TOKEN')])
    expect(await revoke('nobody')).toEqual([404, expect.stringContaining('token not found: nobody')])
    const taken = await make(url, { name: 'grafana', role: 'viewer' })
    expect([taken.status, await taken.text()]).toEqual([409, expect.stringContaining('take another name')])
  })

  it('are in the log when they are made, read and revoked, each as what it is', async () => {
    const lines: unknown[] = []
    const info = (msg: string, fields?: object) => void lines.push({ msg, ...fields })
    const login = await openTestLogin({}, { authToken: 'secret' })
    const { url } = await startTestServer({ login, log: { ...silentLog, info } })
    lines.length = 0
    await make(url, { name: 'ci', role: 'viewer' })
    await fetch(`${url}${tokenRoutes.tokens}`, { headers: bearer('secret') })
    await fetch(`${url}/api/v1/nodes`, { headers: bearer('secret') })
    await fetch(`${url}/api/v1/tokens/ci`, { method: 'DELETE', headers: bearer('secret') })
    const by = 'the configured token'
    expect(lines).toEqual([
      { msg: 'changed', by, request: 'POST /api/v1/tokens' },
      { msg: 'read', by, request: 'GET /api/v1/tokens' },
      { msg: 'changed', by, request: 'DELETE /api/v1/tokens/ci' },
    ])
  })

  it('are not ended by a logout with them, since they may be used elsewhere', async () => {
    const { url } = await start()
    const made = (await (await make(url, { name: 'ci', role: 'viewer' })).json()) as NewApiTokenJson
    const out = await fetch(`${url}${authRoutes.logout}`, {
      method: 'POST',
      headers: { ...json, ...bearer(made.token) },
      body: '{}',
    })
    expect(await out.json()).toMatchObject({ user: { name: 'ci' } })
    expect(await nodes(url, made.token)).toBe(200)
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
