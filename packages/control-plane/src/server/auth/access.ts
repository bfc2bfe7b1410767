import type { IncomingHttpHeaders } from 'node:http'
import { csrfHeader } from '@navarch/api/auth'
import { type AccessDecision, decideAccess } from '@navarch/core/access/decide-access'
import { type AnyRole, mayDo, type Need, type Principal } from '@navarch/core/access/role'
import type { SessionRecord } from '../../store/credential-records.ts'
import { type Caller, isForeignOrigin, isPassedOn } from '../caller.ts'
import { bearerToken, looksLikeJwt } from './bearer-token.ts'
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
}

/** Who a caller is; `problem` says why what was shown is not good. */
export interface Identity {
  principal?: Principal
  problem?: string
  /** The one who could tell is away. */
  unavailable?: boolean
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
  /** The identity provider that sessions may stem from. */
  issuer?: string
}

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
  /** Why a change was not asked for by the one whose browser sent it, in a sentence; undefined when nothing says so. */
  forgery(caller: Caller): string | undefined
  /** What the caller's connection is worth to a browser's session. */
  connection(caller: Caller): Connection
  /** The role and name behind a token that may open a session; else why not. */
  checkToken(token: string): { principal: Principal; origin: SessionRecord['origin'] } | { problem: string }
}

export function createAccess(options: AccessOptions): Access {
  const { closed, tokens = [], credentials, verifyJwt, protectJobs = false } = options
  const prepared = new WeakMap<IncomingHttpHeaders, Identity>()

  function checkToken(text: string): ReturnType<Access['checkToken']> {
    const hash = hashOf(text)
    const known = tokens.find((token) => sameHash(token.hash, hash))
    if (known) {
      const { name, role } = known
      return { principal: { name, role, via: 'token' }, origin: { kind: 'token', name, hash } }
    }
    const made = credentials?.checkToken(text)
    if (!made) return { problem: tokens.length > 0 ? wrongToken : 'the token is not known here' }
    if ('problem' in made) return made
    const { id, name, role } = made.record
    return { principal: { name, role, via: 'api-token' }, origin: { kind: 'api-token', id } }
  }

  /** The session as it is worth now: it ends with what it began with. */
  function sessionIdentity(secret: string): Identity {
    const record = credentials?.sessionOf(secret)
    if (!record || !originHolds(record)) return { problem: 'the session has ended: log in again' }
    const { name, role } = record
    return { principal: { name, role, via: 'session' }, session: { record, secret } }
  }

  function originHolds({ origin, role }: SessionRecord): boolean {
    if (origin.kind === 'oidc') return origin.issuer === options.issuer
    if (origin.kind === 'token') return tokens.some((token) => sameHash(token.hash, origin.hash) && token.role === role)
    return credentials?.tokens().some((token) => token.id === origin.id && credentials.isActive(token)) ?? false
  }

  function connection(caller: Caller): Connection {
    const { headers } = caller
    return connectionOf({
      encrypted: caller.encrypted ?? false,
      remoteAddress: isPassedOn(headers) ? undefined : caller.remoteAddress,
      host: hostOf(headers),
      publicUrl: options.publicUrl,
      allowHttp: options.allowHttp ?? false,
    })
  }

  function identify(caller: Caller): Identity {
    const { headers } = caller
    if (!closed) return { principal: openPrincipal(caller) }
    const token = bearerToken(headers.authorization)
    if (token !== undefined) {
      const found = prepared.get(headers)
      if (found) return found
      const checked = checkToken(token)
      return 'problem' in checked ? checked : { principal: checked.principal }
    }
    const secret = readCookie(headers, 'session', connection(caller))
    return secret === undefined ? {} : sessionIdentity(secret)
  }

  return {
    closed,
    protectJobs,
    identify,
    forgery: (caller) => forgery(caller, closed, identify(caller).session?.secret),
    connection,
    checkToken,
    prepare(headers) {
      const token = bearerToken(headers.authorization)
      if (!closed || !verifyJwt || token === undefined || !looksLikeJwt(token)) return undefined
      if ('principal' in checkToken(token)) return undefined
      return verifyJwt(token).then((identity) => void prepared.set(headers, identity))
    },
    decide(caller, need) {
      if (need === 'probe') return decideAccess({ need, principal: undefined, open: !closed })
      const { principal, problem, unavailable, session } = identify(caller)
      const forged = mayDo('viewer', need) ? undefined : forgery(caller, closed, session?.secret)
      return decideAccess({
        need,
        principal,
        ...(problem !== undefined && { problem }),
        ...(unavailable && { unavailable }),
        open: !closed,
        ...(forged !== undefined && { forged }),
      })
    },
  }
}

const wrongToken = 'the token is not one of those that the control plane was started with, nor one that was made here'

/** The one token for everything that the control plane may be started with. */
export function configuredToken(token: string): StaticToken {
  return { name: 'the configured token', role: 'admin', hash: hashOf(token) }
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
  if (sessionSecret === undefined || method === 'GET' || method === 'HEAD') return undefined
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin') {
    return `a page of another site asked for this (Sec-Fetch-Site: ${String(site).slice(0, 40)})`
  }
  const shown = headers[csrfHeader]
  if (typeof shown === 'string' && sameHash(shown, csrfTokenOf(sessionSecret))) return undefined
  return `a change by a browser's session needs the header ${csrfHeader} with csrf_token of /auth/session`
}

function hostOf(headers: IncomingHttpHeaders): string | undefined {
  const authority = headers[':authority'] ?? headers.host
  return typeof authority === 'string' ? authority : undefined
}
