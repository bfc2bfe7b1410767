import { authRoutes, type DevicePollJson, type LoginErrorCode } from '@navarch/api/auth'
import type { ErrorJson } from '@navarch/api/rest'
import { type Context, Hono } from 'hono'
import { z } from 'zod'
import { ServiceError } from '../../services/service-error.ts'
import { bearerToken } from '../auth/bearer-token.ts'
import type { ClientAddress } from '../auth/client-address.ts'
import type { Login } from '../auth/login.ts'
import { LoginFailure } from '../auth/login-failure.ts'
import { loginMs } from '../auth/oidc.ts'
import type { OidcUser } from '../auth/oidc-provider.ts'
import { cookieHeader, readCookie } from '../auth/session-cookie.ts'
import { renderSession, renderUser } from '../auth/session-json.ts'
import { type Caller, callerOf, isForeignOrigin } from '../caller.ts'
import { parseBody, parseQuery } from './parse-request.ts'
import type { RestEnv } from './rest-env.ts'
import { noKeys } from './schemas.ts'

type AuthContext = Context<RestEnv>

const tokenBody = z.strictObject({ token: z.string().min(1, 'it is empty').max(4096, 'it is too long') })
const deviceBody = z.strictObject({ device_login: z.string().min(1, 'it is empty').max(8192, 'it is too long') })
const loginQuery = z.strictObject({ return_to: z.string().max(2000, 'it is too long').optional() })

/** What `/auth/…` answers is for the caller alone. */
const noStore = 'no-store'
/** What a token's name is made of that was not typed. */
const nameLength = 40

/** Logins: of browsers by a token or the identity provider, and of the command line by a code on another device. */
export function authRoutesOf(login: Login): Hono<RestEnv> {
  const { access, credentials, oidc, failedLogins, deviceLogins, clock, log } = login
  const app = new Hono<RestEnv>()
  app.use('/auth/*', async (context, next) => {
    await next()
    context.header('cache-control', noStore)
  })

  app.get(authRoutes.session, (c) => {
    parseQuery(c, noKeys)
    return c.json(renderSession(callerOf(c.env.incoming), login))
  })

  app.post(authRoutes.tokenLogin, async (c) => {
    const caller = callerOf(c.env.incoming)
    const refused = refuse(c, caller)
    if (refused) return refused
    const { token } = await parseBody(c, tokenBody)
    const checked = access.checkToken(token.trim())
    if ('problem' in checked) return wrongToken(c, caller, checked.problem)
    const { name, role } = checked.principal
    if (role === 'agent') {
      const problem = `${name} is an agent's token: it sees nothing of the fleet`
      log.warn('login failed', { reason: problem, address: addressOf(caller) })
      return failure(c, 403, 'forbidden', problem)
    }
    return await openSession(c, caller, { name, role, origin: checked.origin })
  })

  app.get(authRoutes.login, async (c) => {
    const { return_to: returnTo = '/' } = parseQuery(c, loginQuery)
    const caller = callerOf(c.env.incoming)
    const connection = access.connection(caller)
    if (connection.kind === 'refused') return failure(c, 403, 'forbidden', connection.problem)
    try {
      const { url, cookie } = await needOidc().begin(redirectUri(c), localPath(returnTo))
      c.header('set-cookie', cookieHeader('login', connection, cookie, loginMs / 1000))
      return c.redirect(url, 302)
    } catch (error) {
      return toLoginPage(c, caller, error)
    }
  })

  app.get(authRoutes.callback, async (c) => {
    const caller = callerOf(c.env.incoming)
    const connection = access.connection(caller)
    if (connection.kind === 'refused') return failure(c, 403, 'forbidden', connection.problem)
    c.header('set-cookie', cookieHeader('login', connection, undefined, 0), { append: true })
    try {
      const cookie = readCookie(caller.headers, 'login', connection)
      const { user, returnTo } = await needOidc().finish(cookie, new URL(c.req.url).search)
      const { secret } = await store().openSession(sessionOf(user))
      const session = cookieHeader('session', connection, secret, login.sessionLifetimeMs / 1000)
      c.header('set-cookie', session, { append: true })
      log.info('logged in', { user: user.name, role: user.role, by: needOidc().name })
      return c.redirect(returnTo, 303)
    } catch (error) {
      // Not counted: nothing is guessed here, and any page could have a browser ask for it.
      return toLoginPage(c, caller, error)
    }
  })

  app.post(authRoutes.logout, async (c) => {
    await parseBody(c, noKeys)
    const caller = callerOf(c.env.incoming)
    const { session } = access.identify(caller)
    const connection = access.connection(caller)
    if (session) {
      const forged = access.forgery(caller)
      if (forged !== undefined) return failure(c, 403, 'forbidden', forged)
      await store().endSession(session.record.id)
    } else await endLoginOf(caller)
    if (connection.kind !== 'refused') c.header('set-cookie', cookieHeader('session', connection, undefined, 0))
    const { cookie: _cookie, ...headers } = caller.headers
    return c.json(renderSession({ ...caller, headers }, login))
  })

  app.post(authRoutes.deviceLogin, async (c) => {
    await parseBody(c, noKeys)
    const caller = callerOf(c.env.incoming)
    const from = access.clientAddress(caller)
    const wait = deviceLogins.waitSeconds(from.address)
    if (wait > 0) return tooMany(c, wait, `too many logins were begun from this address: try again in ${wait} s`, from)
    deviceLogins.count(from.address)
    try {
      return c.json(await needOidc().beginDevice())
    } catch (error) {
      throw asServiceError(logged(caller, error))
    }
  })

  app.post(authRoutes.devicePoll, async (c) => {
    const { device_login: deviceLogin } = await parseBody(c, deviceBody)
    return c.json(await pollDevice(callerOf(c.env.incoming), deviceLogin))
  })

  return app

  /** Why nobody can log in by this request now; undefined when one can. */
  function refuse(c: AuthContext, caller: Caller): Response | undefined {
    if (!access.closed) return failure(c, 409, 'conflict', 'nobody needs to log in here: no token is configured')
    const connection = access.connection(caller)
    if (connection.kind === 'refused') return failure(c, 403, 'forbidden', connection.problem)
    const forged = foreignSite(caller)
    return forged === undefined ? undefined : failure(c, 403, 'forbidden', forged)
  }

  /** A right token always opens, so that nobody is kept out by those who guess: what is limited is the log of guesses. */
  function wrongToken(c: AuthContext, caller: Caller, problem: string): Response {
    const from = access.clientAddress(caller)
    const wait = failedLogins.waitSeconds(from.address)
    if (wait > 0) {
      const more = `too many wrong tokens came from this address: for ${wait} s no more are logged`
      return tooMany(c, wait, `${problem}; ${more}`, from)
    }
    failedLogins.count(from.address)
    log.warn('login failed', { reason: problem, address: addressOf(caller) })
    return failure(c, 401, 'unauthorized', problem)
  }

  /** The token of `navarch login` ends with the logout; one that somebody made by hand may be used elsewhere too. */
  async function endLoginOf({ headers }: Caller): Promise<void> {
    const checked = access.closed && access.checkToken(bearerToken(headers.authorization) ?? '')
    const record = checked && 'record' in checked ? checked.record : undefined
    if (record?.login) await store().revokeToken(record.id, record.createdBy)
  }

  async function openSession(
    c: AuthContext,
    caller: Caller,
    user: Parameters<ReturnType<typeof store>['openSession']>[0],
  ): Promise<Response> {
    const connection = access.connection(caller)
    if (connection.kind === 'refused') return failure(c, 403, 'forbidden', connection.problem)
    const { secret } = await store().openSession(user)
    const cookie = cookieHeader('session', connection, secret, login.sessionLifetimeMs / 1000)
    c.header('set-cookie', cookie)
    log.info('logged in', { user: user.name, role: user.role, by: user.origin.kind })
    // As the browser's next request will be.
    const [pair = ''] = cookie.split(';', 1)
    const { authorization: _authorization, ...headers } = caller.headers
    return c.json(renderSession({ ...caller, headers: { ...headers, cookie: pair } }, login))
  }

  function sessionOf({ name, role, subject }: OidcUser) {
    return { name, role, origin: { kind: 'oidc' as const, issuer: needOidc().issuer, subject } }
  }

  async function pollDevice(caller: Caller, deviceLogin: string): Promise<DevicePollJson> {
    try {
      const answer = await needOidc().pollDevice(deviceLogin)
      if ('interval' in answer) return { state: 'pending', interval: answer.interval }
      const { user } = answer
      const { record, token } = await store().createToken({
        name: `login-${tokenNameOf(user.name)}-${clock.now().toString(36)}`,
        role: user.role,
        expiresInMs: login.sessionLifetimeMs,
        by: user.name,
        login: { issuer: needOidc().issuer },
      })
      log.info('logged in', { user: user.name, role: user.role, by: `${needOidc().name}, on another device` })
      const expiresAt = new Date(record.expiresAt ?? 0).toISOString()
      return { state: 'done', token, user: renderUser({ ...user, via: 'oidc' }), expires_at: expiresAt }
    } catch (error) {
      const { code, message } = logged(caller, error)
      return { state: 'failed', error: code, message }
    }
  }

  function needOidc(): NonNullable<Login['oidc']> {
    if (oidc) return oidc
    throw new ServiceError(
      'not_found',
      'no identity provider is configured: log in with a token, or set server.auth.oidc',
    )
  }

  function store(): NonNullable<Login['credentials']> {
    if (credentials) return credentials
    throw new ServiceError('unavailable', 'there is no place to keep sessions')
  }

  function redirectUri(c: AuthContext): string {
    return `${login.publicUrl ?? new URL(c.req.url).origin}${authRoutes.callback}`
  }

  /** A login that came to nothing ends on the page where it began, which has the words for it. */
  function toLoginPage(c: AuthContext, caller: Caller, error: unknown): Response {
    const { code } = logged(caller, error)
    return c.redirect(`/login?error=${code satisfies LoginErrorCode}`, 303)
  }

  /** The login that came to nothing, which is in the log now. @throws what is no such failure */
  function logged(caller: Caller, error: unknown): LoginFailure {
    if (!(error instanceof LoginFailure)) throw error
    log.warn('login failed', { code: error.code, reason: error.message, address: addressOf(caller) })
    return error
  }

  function addressOf(caller: Caller): string {
    return access.clientAddress(caller).address ?? 'unknown'
  }
}

/** A login begins on our own page: nobody is logged in as somebody else by another site. */
function foreignSite({ headers }: Caller): string | undefined {
  const site = headers['sec-fetch-site']
  if (isForeignOrigin(headers, true)) return `requests of web pages at ${headers.origin} are not taken`
  return site === undefined || site === 'same-origin' ? undefined : 'a page of another site asked for this'
}

/** A path of this server to go back to; anything that would lead elsewhere is the first page. */
export function localPath(text: string): string {
  if (!/^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(text)) return '/'
  return text.startsWith('/auth/') ? '/' : text
}

function asServiceError({ code, message }: LoginFailure): ServiceError {
  return new ServiceError(code === 'provider_unavailable' ? 'unavailable' : 'conflict', message)
}

/** A name as tokens have them, of any text. */
function tokenNameOf(name: string): string {
  return name.replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, nameLength) || 'somebody'
}

/** What helps those who are counted together. */
const remedies: Readonly<Record<ClientAddress['of'], string>> = {
  caller: '',
  'unknown-proxy': '; it is that of a proxy that many may share: name it in server.trusted_proxies',
  'silent-proxy':
    '; it is in server.trusted_proxies and names nobody who asks: a proxy there must set X-Forwarded-For, and who is no proxy does not belong there',
}

function tooMany(c: AuthContext, waitSeconds: number, problem: string, { of }: ClientAddress): Response {
  c.header('retry-after', String(waitSeconds))
  return failure(c, 429, 'rate_limited', `${problem}${remedies[of]}`)
}

function failure(
  c: AuthContext,
  status: 401 | 403 | 409 | 429,
  code: ErrorJson['error']['code'],
  message: string,
): Response {
  return c.json({ error: { code, message } } satisfies ErrorJson, status)
}
