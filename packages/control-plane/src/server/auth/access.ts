import type { IncomingHttpHeaders } from 'node:http'
import { csrfHeader } from '@navarch/api/auth'
import { type AccessDecision, decideAccess } from '@navarch/core/access/decide-access'
import { type AnyRole, mayDo, type Need, type Principal } from '@navarch/core/access/role'
import type { ApiTokenRecord, SessionRecord } from '../../store/credential-records.ts'
import { type Caller, hasOwnName, hostOf, isForeignOrigin, isPassedOn } from '../caller.ts'
import { bearerToken, looksLikeJwt } from './bearer-token.ts'
import { type ClientAddress, clientAddress, type IsProxy } from './client-address.ts'
import type { Credentials } from './credentials.ts'
import { hashOf, sameHash } from './hashes.ts'
import { isLoopback } from './loopback.ts'
import { type Connection, connectionOf, csrfTokenOf, readCookie } from './session-cookie.ts'

/** A token of the configuration or the command line. */
export interface StaticToken {
  name: string
  role: AnyRole
  /** SHA-256, hexadecimal. */
  hash: string
  /** Where it is set. */
  where: string
}

/** Who a caller is; `problem` says why what was shown is not good. */
export interface Identity {
  principal?: Principal
  problem?: string
  /** The one who could tell is away. */
  unavailable?: boolean
  /** Whether it is so for now; absent: it is looked at each time. */
  holds?: () => boolean
  /** The browser's session that was shown, with its secret. */
  session?: { record: SessionRecord; secret: string }
}

/** What tells who holds a token of the identity provider. */
export type VerifyJwt = (token: string) => Promise<Identity>

export interface AccessOptions {
  /** Whether anything is configured that one must show; without it everybody may look. */
  closed: boolean
  tokens?: readonly StaticToken[]
  credentials?: Credentials
  verifyJwt?: VerifyJwt
  /** Whether jobs are read by those alone who may see the fleet. */
  protectJobs?: boolean
  /** The address that people use. */
  publicUrl?: string
  allowHttp?: boolean
  /** The proxies that are known; absent: none is. */
  isProxy?: IsProxy
  /** The identity provider that sessions may stem from. */
  issuer?: string
}

/** What a token opens; else why it does not. */
export type CheckedToken =
  | { principal: Principal; origin: SessionRecord['origin']; record?: ApiTokenRecord }
  | { problem: string }

/** Tells who a caller is and what it may do: the one way in which REST, RPC and agents' links do. */
export interface Access {
  readonly closed: boolean
  readonly protectJobs: boolean
  /**
   * Looks at what can only be told by asking: must be awaited before anything else where it gives a promise. What it finds is
   * kept with these headers.
   */
  prepare(headers: IncomingHttpHeaders): Promise<void> | undefined
  identify(caller: Caller): Identity
  decide(caller: Caller, need: Need): AccessDecision
  /**
   * Whether what was allowed still is, for what goes on for long: a token may have been revoked since. It does not count as
   * use of a session.
   */
  holds(caller: Caller, need: Need): boolean
  /** Why a change was not asked for by the one whose browser sent it, in a sentence; undefined when nothing says so. */
  forgery(caller: Caller): string | undefined
  /** What the caller's connection is worth to a browser's session. */
  connection(caller: Caller): Connection
  clientAddress(caller: Caller): ClientAddress
  /** The role and name behind a token of the configuration, or one that was made here; else why there are none. */
  checkToken(token: string): CheckedToken
  /** Where a token of the configuration is set; undefined for any other name. */
  whereConfigured(name: string): string | undefined
}

export function createAccess(options: AccessOptions): Access {
  const { closed, tokens = [], credentials, verifyJwt, protectJobs = false, isProxy } = options
  const prepared = new WeakMap<IncomingHttpHeaders, Identity>()

  function checkToken(text: string): CheckedToken {
    const hash = hashOf(text)
    const known = tokens.find((token) => sameHash(token.hash, hash))
    if (known) {
      const { name, role } = known
      return { principal: { name, role, via: 'token' }, origin: { kind: 'token', name, hash } }
    }
    const made = credentials?.checkToken(text)
    if (!made) return { problem: tokens.length > 0 ? wrongToken : 'the token is not known here' }
    if ('problem' in made) return made
    const { record } = made
    if (!loginHolds(record)) return { problem: `the login ${record.name} has ended: log in again` }
    const { id, name, role } = record
    return { principal: { name, role, via: 'api-token' }, origin: { kind: 'api-token', id }, record }
  }

  /** What a login by the provider made is worth nothing under another one. */
  function loginHolds({ login }: ApiTokenRecord): boolean {
    return login === undefined || login.issuer === options.issuer
  }

  /** The session as it is worth now: it ends with what it began with. */
  function sessionIdentity(secret: string, asked: boolean): Identity {
    const record = credentials?.sessionOf(secret, asked)
    if (!record || !originHolds(record)) return { problem: 'the session has ended: log in again' }
    const { name, role } = record
    return { principal: { name, role, via: 'session' }, session: { record, secret } }
  }

  function originHolds({ origin, role }: SessionRecord): boolean {
    if (origin.kind === 'oidc') return origin.issuer === options.issuer
    if (origin.kind === 'token') return tokens.some((token) => sameHash(token.hash, origin.hash) && token.role === role)
    const token = credentials?.tokenOf(origin.id)
    return token !== undefined && loginHolds(token)
  }

  function connection(caller: Caller): Connection {
    const { headers, remoteAddress } = caller
    return connectionOf({
      encrypted: caller.encrypted ?? false,
      remoteAddress: isPassedOn(headers) ? undefined : remoteAddress,
      host: hostOf(headers),
      // Where the proxies are known, what comes by none of them came without their TLS.
      publicUrl: !isProxy || isProxy(remoteAddress) ? options.publicUrl : undefined,
      allowHttp: options.allowHttp ?? false,
    })
  }

  function identify(caller: Caller, asked = true): Identity {
    const { headers } = caller
    if (!closed) return { principal: openPrincipal(caller) }
    const token = bearerToken(headers.authorization)
    if (token !== undefined) {
      const found = prepared.get(headers)
      if (found) return found.holds?.() === false ? { problem: 'the token has expired' } : found
      const checked = checkToken(token)
      return 'problem' in checked ? checked : { principal: checked.principal }
    }
    const secret = readCookie(headers, 'session', connection(caller))
    return secret === undefined ? {} : sessionIdentity(secret, asked)
  }

  function decide(caller: Caller, need: Need, asked = true): AccessDecision {
    if (need === 'probe') return decideAccess({ need, principal: undefined, open: !closed })
    const { principal, problem, unavailable, session } = identify(caller, asked)
    const forged = mayDo('viewer', need) ? undefined : forgery(caller, closed, session?.secret)
    return decideAccess({
      need,
      principal,
      ...(problem !== undefined && { problem }),
      ...(unavailable && { unavailable }),
      open: !closed,
      ...(forged !== undefined && { forged }),
    })
  }

  return {
    closed,
    protectJobs,
    identify: (caller) => identify(caller),
    decide: (caller, need) => decide(caller, need),
    holds: (caller, need) => decide(caller, need, false).allowed,
    forgery: (caller) => forgery(caller, closed, identify(caller).session?.secret),
    connection,
    clientAddress: (caller) => clientAddress(caller, isProxy ?? (() => false)),
    checkToken,
    whereConfigured: (name) => tokens.find((token) => token.name === name)?.where,
    prepare(headers) {
      const token = bearerToken(headers.authorization)
      if (!closed || !verifyJwt || token === undefined || !looksLikeJwt(token)) return undefined
      if ('principal' in checkToken(token)) return undefined
      return verifyJwt(token).then((identity) => void prepared.set(headers, identity))
    },
  }
}

const wrongToken = 'the token is not one of those that the control plane was started with, nor one that was made here'

/** The one token for everything that the control plane may be started with. */
export function configuredToken(token: string): StaticToken {
  const where = '--auth-token or NAVARCH_AUTH_TOKEN'
  return { name: 'the configured token', role: 'admin', hash: hashOf(token), where }
}

/** Without a token everybody may look, and who is on this machine may do all. */
function openPrincipal({ headers, remoteAddress }: Caller): Principal {
  const here = !isPassedOn(headers) && isLoopback(remoteAddress)
  return { name: here ? 'somebody on this machine' : 'somebody', role: here ? 'admin' : 'viewer', via: 'open' }
}

/**
 * Why a change was not asked for by the one whose browser sent it; undefined when nothing says so. A browser sends its cookies
 * with whatever a foreign page asks for, so a session's changes must show more; and one on an operator's machine is on
 * loopback, whoever wrote the page.
 */
function forgery(caller: Caller, closed: boolean, sessionSecret: string | undefined): string | undefined {
  const { headers, method } = caller
  if (isForeignOrigin(headers, closed)) return `requests of web pages at ${headers.origin} are not taken`
  // A page under a name that leads to this machine (DNS rebinding) sends its GETs without an origin.
  const host = hostOf(headers)
  if (!closed && reads(method) && host !== undefined && hasOwnName(host)) {
    return `while no token is set this is for who names the machine "localhost", or by its address; not ${host.slice(0, 100)}`
  }
  if (sessionSecret === undefined || reads(method)) return undefined
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin') {
    return `a page of another site asked for this (Sec-Fetch-Site: ${String(site).slice(0, 40)})`
  }
  const shown = headers[csrfHeader]
  if (typeof shown === 'string' && sameHash(shown, csrfTokenOf(sessionSecret))) return undefined
  return `a change by a browser's session needs the header ${csrfHeader} with csrf_token of /auth/session`
}

function reads(method: string | undefined): boolean {
  return method === 'GET' || method === 'HEAD'
}
