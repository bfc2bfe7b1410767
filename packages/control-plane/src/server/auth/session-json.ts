import type { ApiTokenJson, OpenSessionJson, SessionJson, SessionUserJson } from '@navarch/api/auth'
import type { Principal } from '@navarch/core/access/role'
import type { ApiTokenRecord, SessionRecord } from '../../store/credential-records.ts'
import type { Caller } from '../caller.ts'
import type { Access } from './access.ts'
import { type Credentials, stateOf } from './credentials.ts'
import type { Oidc } from './oidc.ts'
import { csrfTokenOf } from './session-cookie.ts'

/** Who asks, and what the login page has to offer. */
export function renderSession(
  caller: Caller,
  { access, credentials, oidc }: { access: Access; credentials: Credentials | undefined; oidc: Oidc | undefined },
): SessionJson {
  const { principal, session } = access.identify(caller)
  const connection = access.connection(caller)
  return {
    access: access.closed ? 'login' : 'open',
    user: principal ? renderUser(principal) : null,
    csrf_token: session ? csrfTokenOf(session.secret) : null,
    expires_at: session ? time(session.record.expiresAt) : null,
    idle_expires_at: session && credentials ? time(credentials.idleUntil(session.record)) : null,
    login: {
      token: access.closed,
      problem: access.closed && connection.kind === 'refused' ? connection.problem : null,
      oidc: oidc ? { name: oidc.name, device: oidc.device() ?? null, problem: oidc.problem() ?? null } : null,
    },
  }
}

export function renderUser({ name, role, via }: Principal): SessionUserJson {
  return { name, role, via }
}

export function renderToken(token: ApiTokenRecord, now: number): ApiTokenJson {
  return {
    id: token.id,
    name: token.name,
    role: token.role,
    created_at: time(token.createdAt),
    created_by: token.createdBy,
    expires_at: timeOrNull(token.expiresAt),
    last_used_at: timeOrNull(token.lastUsedAt),
    revoked_at: timeOrNull(token.revokedAt),
    revoked_by: token.revokedBy ?? null,
    state: stateOf(token, now),
  }
}

export function renderOpenSession(session: SessionRecord): OpenSessionJson {
  const { origin } = session
  const of = origin.kind === 'oidc' ? origin.subject : origin.kind === 'token' ? origin.name : origin.id
  return {
    id: session.id.slice(0, shownDigits),
    name: session.name,
    role: session.role,
    origin: { kind: origin.kind, of },
    created_at: time(session.createdAt),
    last_seen_at: time(session.lastSeenAt),
    expires_at: time(session.expiresAt),
  }
}

/** How much of a session's id is shown: enough to tell it apart. */
const shownDigits = 16

function time(ms: number): string {
  return new Date(ms).toISOString()
}

function timeOrNull(ms: number | undefined): string | null {
  return ms === undefined ? null : time(ms)
}
