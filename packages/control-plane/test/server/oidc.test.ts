import { authRoutes, type DeviceLoginJson, type DevicePollJson, type SessionJson } from '@navarch/api/auth'
import type { OidcSpec } from '@navarch/config/navarch-config'
import { type Clock, systemClock } from '@navarch/system/clock'
import { type Log, silentLog } from '@navarch/system/log'
import { createManualClock } from '@navarch/system/manual-clock'
import { generateKeyPair } from 'jose'
import { afterEach, describe, expect, it } from 'vitest'
import { openTestLogin } from './test-login.ts'
import { createBrowser, startTestProvider, type TestProvider } from './test-provider.ts'
import { startTestServer } from './test-server.ts'

const json = { 'content-type': 'application/json' }
const providers: TestProvider[] = []
afterEach(async () => {
  await Promise.all(providers.splice(0).map((provider) => provider.stop()))
})

/** A control plane beside a real provider. */
async function start(
  spec: Partial<OidcSpec> = {},
  clock: Clock = systemClock,
  effects: { fetch?: typeof fetch; log?: Log } = {},
) {
  // The provider must know where to send browsers back to before the server has its port: the test's own proxy address.
  const holder = { url: '' }
  const provider = await startTestProvider('http://127.0.0.1:1/auth/callback')
  providers.push(provider)
  const login = await openTestLogin(
    {
      oidc: {
        name: 'Company SSO',
        issuer: provider.issuer,
        clientId: 'navarch',
        clientSecret: { env: 'OIDC_SECRET' },
        scopes: ['openid', 'profile', 'groups'],
        roleClaim: 'groups',
        roleMapping: { 'gpu-operators': 'operator', 'GPU Admins': 'admin' },
        usernameClaim: 'preferred_username',
        audience: 'navarch',
        redirectBase: 'http://127.0.0.1:1',
        ...spec,
      },
    },
    { authToken: 'secret', effects: { env: { OIDC_SECRET: 'the-client-secret' }, clock, ...effects } },
  )
  const server = await startTestServer({ login })
  holder.url = server.url
  const browser = createBrowser()

  /** As a browser does, with the address that nothing listens on in place of the server's. */
  async function logIn(person: string, returnTo = '/nodes', meanwhile = async () => {}) {
    const begun = await browser.request(`${server.url}${authRoutes.login}?return_to=${encodeURIComponent(returnTo)}`)
    if (begun.status !== 302) throw new Error(`login answered ${begun.status}: ${await begun.text()}`)
    await meanwhile()
    const page = await browser.open(begun.headers.get('location') ?? '')
    const consent = await browser.submit(page, { prompt: 'login', login: person, password: 'any' })
    const back = await submitUntilBack(browser, consent)
    return browser.request(back.replace('http://127.0.0.1:1', server.url))
  }

  const session = async () =>
    (await (await browser.request(`${server.url}${authRoutes.session}`)).json()) as SessionJson
  return { ...server, provider, browser, logIn, session }
}

/** Consents, and stops where the provider sends the browser back. */
async function submitUntilBack(
  browser: ReturnType<typeof createBrowser>,
  page: { url: string; text: string },
): Promise<string> {
  const action = /<form[^>]*action="([^"]*)"/.exec(page.text)?.[1] ?? ''
  let response = await browser.request(new URL(action, page.url).href, {
    method: 'POST',
    body: new URLSearchParams({ prompt: 'consent' }),
  })
  for (let hops = 0; hops < 10; hops += 1) {
    const location = new URL(response.headers.get('location') ?? '', page.url).href
    if (location.startsWith('http://127.0.0.1:1/')) return location
    response = await browser.request(location)
  }
  throw new Error('the provider did not send the browser back')
}

describe('a login by the identity provider', () => {
  it('ends where it began, in a session with the role of the highest group', async () => {
    const { logIn, session } = await start()
    const done = await logIn('carl', '/nodes?filter=state%3Adrain')
    expect([done.status, done.headers.get('location')]).toEqual([303, '/nodes?filter=state%3Adrain'])
    expect(await session()).toMatchObject({
      user: { name: 'carl', role: 'admin', via: 'session' },
      login: { oidc: { name: 'Company SSO', device: true, problem: null } },
    })
  })

  it('is refused to those who are in no group that has a role', async () => {
    const { logIn, session } = await start()
    expect((await logIn('bo')).headers.get('location')).toBe('/login?error=no_role')
    expect(await session()).toMatchObject({ user: null })
  })

  it('gives them the default role where there is one', async () => {
    const { logIn, session } = await start({ defaultRole: 'viewer' })
    await logIn('bo')
    expect(await session()).toMatchObject({ user: { name: 'bo', role: 'viewer' } })
  })

  it('is over when it is ended in another browser, or a second time', async () => {
    const { url, browser, provider } = await start()
    const begun = await browser.request(`${url}${authRoutes.login}`)
    const state = new URL(begun.headers.get('location') ?? '').searchParams.get('state')
    const callback = `${url}${authRoutes.callback}?code=x&state=${state}&iss=${encodeURIComponent(provider.issuer)}`
    const other = await fetch(callback, { redirect: 'manual' })
    expect(other.headers.get('location')).toBe('/login?error=expired')
    const wrong = await browser.request(callback)
    expect(wrong.headers.get('location')).toBe('/login?error=failed')
    expect((await browser.request(callback)).headers.get('location')).toBe('/login?error=expired')
  })

  it('ends well whatever others begin meanwhile', async () => {
    const { url, logIn, session } = await start()
    const begin = () => fetch(`${url}${authRoutes.login}`, { redirect: 'manual' })
    await logIn('ana', '/nodes', async () => {
      for (let round = 0; round < 50; round += 1) await Promise.all(Array.from({ length: 25 }, begin))
    })
    expect(await session()).toMatchObject({ user: { name: 'ana' } })
  }, 60_000)

  it('keeps its secrets from the browser', async () => {
    const { url } = await start()
    const begun = await fetch(`${url}${authRoutes.login}`, { redirect: 'manual' })
    const state = new URL(begun.headers.get('location') ?? '').searchParams.get('state') ?? ''
    const [, cookie = ''] =
      /^navarch-login=([\w-]+); Path=\/; HttpOnly; SameSite=Lax; Max-Age=600$/.exec(
        begun.headers.get('set-cookie') ?? '',
      ) ?? []
    expect(state).not.toBe('')
    expect(Buffer.from(cookie, 'base64url').toString('latin1')).not.toContain(state)
  })

  it('says so when the person said no, and where from in the log', async () => {
    const lines: unknown[] = []
    const warn = (msg: string, fields?: object) => void lines.push({ msg, ...fields })
    const { url, browser, provider } = await start({}, systemClock, { log: { ...silentLog, warn } })
    lines.length = 0
    const begun = await browser.request(`${url}${authRoutes.login}`)
    const state = new URL(begun.headers.get('location') ?? '').searchParams.get('state')
    const query = new URLSearchParams({ error: 'access_denied', state: state ?? '', iss: provider.issuer })
    const back = await browser.request(`${url}${authRoutes.callback}?${query}`)
    expect(back.headers.get('location')).toBe('/login?error=denied')
    expect(lines).toEqual([{ msg: 'login failed', code: 'denied', reason: expect.any(String), address: '127.0.0.1' }])
  })

  it('says so when the provider is away, and what was begun before goes on', async () => {
    const { url, browser, logIn, session, provider } = await start()
    await logIn('ana')
    await provider.stop()
    expect(await session()).toMatchObject({ user: { name: 'ana', role: 'operator' } })
    expect((await fetch(`${url}/api/v1/nodes`, { headers: { authorization: 'Bearer secret' } })).status).toBe(200)
    expect((await browser.request(`${url}/api/v1/nodes`)).status).toBe(200)
  })

  it('starts without the provider, and says what is wrong with it', async () => {
    const { url, browser } = await start({ issuer: 'http://127.0.0.1:9' })
    const refused = await browser.request(`${url}${authRoutes.login}`)
    expect(refused.headers.get('location')).toBe('/login?error=provider_unavailable')
    const told = (await (await fetch(`${url}${authRoutes.session}`)).json()) as SessionJson
    expect(told.login.oidc?.problem).toMatch(/^Company SSO \(http:\/\/127\.0\.0\.1:9\) does not answer as it must: .+/)
  })
})

describe("a token of the provider's", () => {
  const inAnHour = Math.floor(Date.now() / 1000) + 3600

  async function ask(url: string, token: string) {
    const response = await fetch(`${url}/api/v1/nodes`, { headers: { authorization: `Bearer ${token}` } })
    const { error } = (await response.json()) as { error?: { message: string } }
    return [response.status, error?.message ?? '']
  }

  it('is taken with the role of its groups', async () => {
    const { url, provider } = await start()
    const token = await provider.sign({ exp: inAnHour, groups: ['gpu-operators'], preferred_username: 'ana' })
    expect(await ask(url, token)).toEqual([200, ''])
    const session = await (
      await fetch(`${url}${authRoutes.session}`, { headers: { authorization: `Bearer ${token}` } })
    ).json()
    expect(session).toMatchObject({ user: { name: 'ana', role: 'operator', via: 'oidc' }, csrf_token: null })
  })

  it('holds on RPCs and for events too, which are answered without asking twice', async () => {
    const { url, provider } = await start()
    const headers = {
      ...json,
      authorization: `Bearer ${await provider.sign({ exp: inAnHour, groups: ['gpu-operators'] })}`,
    }
    const rpc = await fetch(`${url}/navarch.ControlPlaneService/ListNodes`, { method: 'POST', headers, body: '{}' })
    expect(rpc.status).toBe(200)
    const event = await fetch(`${url}/v1/events/job-started`, { method: 'POST', headers, body: '{}' })
    expect([event.status, await event.text()]).toEqual([403, expect.stringContaining("this needs an agent's token")])
  })

  it('is good for what goes on for long until it expires', async () => {
    const clock = createManualClock(inAnHour * 1000 - 3_600_000)
    const { url, double, provider } = await start({}, clock)
    const authorization = `Bearer ${await provider.sign({ exp: inAnHour, groups: ['gpu-operators'] })}`
    const response = await fetch(`${url}/api/v1/events`, { headers: { accept: 'text/event-stream', authorization } })
    const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader()
    expect((await reader.read()).done).toBe(false)
    double.emit('before')
    expect((await reader.read()).done).toBe(false)
    // Clocks may differ: as long past its end as a token is taken at all.
    await clock.advance(3_600_000 + 29_000)
    expect((await ask(url, authorization.slice('Bearer '.length)))[0]).toBe(200)
    double.emit('within the tolerance')
    expect((await reader.read()).done).toBe(false)
    await clock.advance(1_000)
    expect(await ask(url, authorization.slice('Bearer '.length))).toEqual([401, 'the token of Company SSO has expired'])
    double.emit('after')
    expect((await reader.read()).done).toBe(true)
  })

  it('is refused when it is not for us, not from it, over, or without a role', async () => {
    const { url, provider } = await start()
    const groups = ['gpu-operators']
    const other = (await generateKeyPair('ES256')).privateKey
    const answers = [
      await ask(url, await provider.sign({ exp: inAnHour, groups, aud: 'another' })),
      await ask(url, await provider.sign({ exp: inAnHour, groups, iss: 'https://evil.example' })),
      await ask(url, await provider.sign({ exp: inAnHour - 7200, groups })),
      await ask(url, await provider.sign({ groups })),
      await ask(url, await provider.sign({ exp: inAnHour, groups }, other)),
      await ask(url, await provider.sign({ exp: inAnHour, groups: ['everybody'] })),
    ]
    expect(answers.map(([status]) => status)).toEqual([401, 401, 401, 401, 401, 401])
    expect(answers.map(([, message]) => message)).toEqual([
      expect.stringContaining('is not for this control plane'),
      expect.stringContaining('is not for this control plane'),
      'the token of Company SSO has expired',
      expect.stringContaining('is not for this control plane'),
      'the token is not one that Company SSO signed',
      expect.stringContaining('is in no group that has a role here'),
    ])
  })

  it('is refused when it is signed with nothing, or with what is no secret', async () => {
    const { url, provider } = await start()
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const claims = part({ iss: provider.issuer, aud: 'navarch', sub: 'ana', exp: inAnHour, groups: ['GPU Admins'] })
    for (const alg of ['none', 'HS256']) {
      expect((await ask(url, `${part({ alg })}.${claims}.AAAA`))[0]).toBe(401)
    }
  })

  it('cannot be told while the provider is away that never was there: that is said, and is no refusal', async () => {
    const { url, provider } = await start({ issuer: 'http://127.0.0.1:9' })
    const token = await provider.sign({ exp: inAnHour, groups: ['gpu-operators'], iss: 'http://127.0.0.1:9' })
    expect(await ask(url, token)).toEqual([503, 'Company SSO does not answer: its tokens cannot be checked now'])
  })

  it('goes on being taken after the provider went away', async () => {
    const { url, provider } = await start()
    const token = await provider.sign({ exp: inAnHour, groups: ['gpu-operators'] })
    expect((await ask(url, token))[0]).toBe(200)
    await provider.stop()
    expect((await ask(url, token))[0]).toBe(200)
  })
})

describe('a login on another device', () => {
  async function post<T>(url: string, body: object): Promise<T> {
    return (await (await fetch(url, { method: 'POST', headers: json, body: JSON.stringify(body) })).json()) as T
  }

  const pollOf = (url: string, device: DeviceLoginJson) => () =>
    post<DevicePollJson>(`${url}${authRoutes.devicePoll}`, { device_login: device.device_login })

  /** The person opens the address that was shown, confirms the code and logs in. */
  async function confirm({ browser }: Awaited<ReturnType<typeof start>>, device: DeviceLoginJson) {
    const entered = await browser.open(device.verification_uri_complete ?? '')
    const confirmed = await browser.submit(entered, {})
    const asked = await browser.submit(confirmed, { confirm: 'yes' })
    const consent = await browser.submit(asked, { prompt: 'login', login: 'ana', password: 'any' })
    await browser.submit(consent, { prompt: 'consent' })
  }

  it('ends in a token with the role of the person, which the logout revokes', async () => {
    const clock = createManualClock(Date.now())
    const server = await start({}, clock)
    const { url } = server
    const device = await post<DeviceLoginJson>(`${url}${authRoutes.deviceLogin}`, {})
    expect(device.user_code).toMatch(/^[A-Z]{4}-[A-Z]{4}$/)
    const poll = pollOf(url, device)
    expect(await poll()).toEqual({ state: 'pending', interval: device.interval })
    await confirm(server, device)
    expect(await poll(), 'asked too soon').toEqual({ state: 'pending', interval: device.interval })
    await clock.advance(device.interval * 1000)
    const done = await poll()
    if (done.state !== 'done') throw new Error(`the login is ${JSON.stringify(done)}`)
    expect(done.user).toMatchObject({ name: 'ana', role: 'operator' })
    const headers = { ...json, authorization: `Bearer ${done.token}` }
    const nodes = async () => (await fetch(`${url}/api/v1/nodes`, { headers })).status
    expect(await nodes()).toBe(200)
    const out = await fetch(`${url}${authRoutes.logout}`, { method: 'POST', headers, body: '{}' })
    expect(await out.json()).toMatchObject({ user: null })
    expect(await nodes()).toBe(401)
  })

  const away: [string, Error][] = [
    [
      'resets the connection',
      new TypeError('fetch failed', { cause: Object.assign(new Error(), { code: 'ECONNRESET' }) }),
    ],
    ['does not answer in time', new DOMException('The operation was aborted due to timeout', 'TimeoutError')],
  ]
  it.each(away)('goes on more slowly when the provider %s', async (_, error) => {
    let isAway = false
    let asked = 0
    const clock = createManualClock(Date.now())
    const fetchUnlessAway: typeof fetch = (...request) => {
      if (!isAway) return fetch(...request)
      asked += 1
      return Promise.reject(error)
    }
    const server = await start({}, clock, { fetch: fetchUnlessAway })
    const device = await post<DeviceLoginJson>(`${server.url}${authRoutes.deviceLogin}`, {})
    const poll = pollOf(server.url, device)
    isAway = true
    const slower = { state: 'pending', interval: device.interval * 2 }
    expect(await poll()).toEqual(slower)
    await clock.advance(device.interval * 1000)
    expect([await poll(), asked]).toEqual([slower, 1])
    isAway = false
    await confirm(server, device)
    await clock.advance(device.interval * 1000)
    expect(await poll()).toMatchObject({ state: 'done', user: { name: 'ana' } })
  })

  it('goes on whatever others begin, and keeps nobody from a login with a token', async () => {
    const server = await start({}, createManualClock(Date.now()))
    const { url } = server
    const device = await post<DeviceLoginJson>(`${url}${authRoutes.deviceLogin}`, {})
    const begin = () => fetch(`${url}${authRoutes.deviceLogin}`, { method: 'POST', headers: json, body: '{}' })
    const statuses: number[] = []
    while (statuses.length < 100) statuses.push((await begin()).status)
    expect(new Set(statuses)).toEqual(new Set([200, 429]))
    const wrong = await fetch(`${url}${authRoutes.tokenLogin}`, {
      method: 'POST',
      headers: json,
      body: '{"token":"x"}',
    })
    expect(wrong.status).toBe(401)
    await confirm(server, device)
    expect(await pollOf(url, device)()).toMatchObject({ state: 'done' })
  }, 60_000)

  it('is not known to those who did not begin it, which is in the log', async () => {
    const lines: unknown[] = []
    const warn = (msg: string, fields?: object) => void lines.push({ msg, ...fields })
    const { url } = await start({}, systemClock, { log: { ...silentLog, warn } })
    lines.length = 0
    const answer = await post<DevicePollJson>(`${url}${authRoutes.devicePoll}`, { device_login: 'guess' })
    expect(answer).toMatchObject({ state: 'failed', error: 'expired' })
    expect(lines).toEqual([{ msg: 'login failed', code: 'expired', reason: expect.any(String), address: '127.0.0.1' }])
  })
})
