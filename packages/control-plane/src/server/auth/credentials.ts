import { type AnyRole, anyRoles } from '@navarch/core/access/role'
import { isName, nameRule } from '@navarch/core/names'
import type { Clock } from '@navarch/system/clock'
import { ServiceError } from '../../services/service-error.ts'
import type { ApiTokenRecord, SessionRecord } from '../../store/credential-records.ts'
import type { Change } from '../../store/store.ts'
import { formatApiToken, parseApiToken } from './api-token.ts'
import { hashOf, sameHash } from './hashes.ts'

/** Tokens that were made here, and browsers' sessions: in memory, and on disk before anybody is told of a change. */
export interface Credentials {
  /** Makes a token. The text is shown once and not kept. */
  createToken(wanted: {
    name: string
    role: AnyRole
    /** null: it does not expire. */
    expiresInMs: number | null
    by: string
    /** A login makes it, by this provider. */
    login?: { issuer: string }
  }): Promise<{ record: ApiTokenRecord; token: string }>
  /** The newest first. */
  tokens(): ApiTokenRecord[]
  /** @throws ServiceError `not_found`, or `conflict` where it is revoked */
  revokeToken(id: string, by: string): Promise<ApiTokenRecord>
  /** The record of a token that is good now; else why it is not; undefined for a token of another kind. */
  checkToken(text: string): { record: ApiTokenRecord } | { problem: string } | undefined
  /** @returns the record and what the browser keeps */
  openSession(user: Pick<SessionRecord, 'name' | 'role' | 'origin'>): Promise<{ record: SessionRecord; secret: string }>
  /** The session of a browser's secret, as long as it holds. @param asked whether that counts as use */
  sessionOf(secret: string, asked: boolean): SessionRecord | undefined
  /** Those that hold, the newest first. */
  sessions(): SessionRecord[]
  /** Ends a session. @param by who ends somebody else's; absent: its own browser does */
  endSession(id: string, by?: string): Promise<void>
  /** A token that is good now, by its id. */
  tokenOf(id: string): ApiTokenRecord | undefined
  /** When a session ends if it is not used, ms. */
  idleUntil(session: SessionRecord): number
  /** Stores what was used when, and forgets what is long over. */
  flush(): Promise<void>
}

export interface CredentialsOptions {
  loaded: { tokens: readonly ApiTokenRecord[]; sessions: readonly SessionRecord[] }
  commit: (changes: readonly (Exclude<Change, { kind: 'event' }> | AccessEvent)[]) => Promise<void>
  clock: Clock
  newId: () => string
  newSecret: () => string
  /** How long a session holds that is not used, and at the longest, ms. */
  session: { idleMs: number; lifetimeMs: number }
}

/** A line of the fleet's history about who may do what. */
interface AccessEvent {
  kind: 'event'
  type: string
  message: string
}

/** How exactly it is kept when something was used, ms. */
const usedPrecisionMs = 60_000
/** How long a token is shown that is over, ms. */
const keepOverMs = 90 * 24 * 3_600_000

export function createCredentials(options: CredentialsOptions): Credentials {
  const { commit, clock, session: limits } = options
  const tokens = new Map(options.loaded.tokens.map((record) => [record.id, record]))
  const sessions = new Map(options.loaded.sessions.map((record) => [record.id, record]))
  const usedTokens = new Set<string>()
  const usedSessions = new Set<string>()

  const holds = (session: SessionRecord): boolean => {
    const now = clock.now()
    return now < session.expiresAt && now < idleUntil(session)
  }
  const idleUntil = (session: SessionRecord): number => Math.min(session.lastSeenAt + limits.idleMs, session.expiresAt)

  const event = (message: string): AccessEvent => ({ kind: 'event', type: 'access', message })

  return {
    async createToken({ name, role, expiresInMs, by, login }) {
      if (!isName(name)) throw new ServiceError('invalid', `name is ${JSON.stringify(name)}: it must be ${nameRule}`)
      if (!anyRoles.includes(role))
        throw new ServiceError('invalid', `role is ${role}: it must be ${anyRoles.join(', ')}`)
      const namesake = [...tokens.values()].find((one) => one.name === name && stateOf(one, clock.now()) === 'active')
      if (namesake) throw new ServiceError('conflict', `the token ${namesake.id} has the name ${name}: revoke it first`)
      const now = clock.now()
      const id = options.newId()
      const token = formatApiToken({ id, secret: options.newSecret() })
      if (!parseApiToken(token)) throw new Error('an id or a secret is not as a token needs it')
      const record: ApiTokenRecord = {
        id,
        name,
        role,
        hash: hashOf(token),
        createdAt: now,
        createdBy: by,
        ...(expiresInMs !== null && { expiresAt: now + expiresInMs }),
        ...(login && { login }),
      }
      // The name is taken from this moment on; nobody has the secret before it is durable.
      tokens.set(id, record)
      await commit([{ kind: 'api-token', token: record }, event(`token ${name} (${role}) was made by ${by}`)]).catch(
        (error: unknown) => {
          tokens.delete(id)
          throw error
        },
      )
      return { record, token }
    },
    tokens: () => [...tokens.values()].sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1)),
    async revokeToken(idOrName, by) {
      const found =
        tokens.get(idOrName) ??
        [...tokens.values()].find((one) => one.name === idOrName && stateOf(one, clock.now()) !== 'revoked')
      if (!found) throw new ServiceError('not_found', `token not found: ${idOrName}`)
      if (found.revokedAt !== undefined)
        throw new ServiceError('conflict', `the token ${found.name} is revoked already`)
      const revoked = { ...found, revokedAt: clock.now(), revokedBy: by }
      // From this moment on, whatever becomes of the disk.
      tokens.set(found.id, revoked)
      await commit([{ kind: 'api-token', token: revoked }, event(`token ${found.name} was revoked by ${by}`)])
      return revoked
    },
    checkToken(text) {
      const parts = parseApiToken(text)
      if (!parts) return undefined
      const record = tokens.get(parts.id)
      if (!record || !sameHash(hashOf(text), record.hash)) return { problem: 'the token is not known here' }
      const state = stateOf(record, clock.now())
      if (state === 'revoked') return { problem: `the token ${record.name} was revoked` }
      if (state === 'expired') {
        return { problem: `the token ${record.name} has expired: make a new one with "navarch token create"` }
      }
      if (clock.now() - (record.lastUsedAt ?? 0) < usedPrecisionMs) return { record }
      const used = { ...record, lastUsedAt: clock.now() }
      tokens.set(record.id, used)
      usedTokens.add(record.id)
      return { record: used }
    },
    async openSession({ name, role, origin }) {
      const now = clock.now()
      const secret = options.newSecret()
      const record: SessionRecord = {
        id: hashOf(secret),
        name,
        role,
        origin,
        createdAt: now,
        lastSeenAt: now,
        expiresAt: now + limits.lifetimeMs,
      }
      await commit([{ kind: 'session', session: record }, event(`${name} (${role}) logged in`)])
      sessions.set(record.id, record)
      return { record, secret }
    },
    sessionOf(secret, asked) {
      const record = sessions.get(hashOf(secret))
      if (!record || !holds(record)) return undefined
      if (!asked || clock.now() - record.lastSeenAt < Math.min(usedPrecisionMs, limits.idleMs / 4)) return record
      const used = { ...record, lastSeenAt: clock.now() }
      sessions.set(record.id, used)
      usedSessions.add(record.id)
      return used
    },
    sessions: () => [...sessions.values()].filter(holds).sort((a, b) => b.createdAt - a.createdAt),
    async endSession(id, by) {
      const record = sessions.get(id)
      sessions.delete(id)
      usedSessions.delete(id)
      const message = by === undefined ? `${record?.name} logged out` : `${record?.name} was logged out by ${by}`
      if (record) await commit([{ kind: 'session-removed', id }, event(message)])
    },
    tokenOf(id) {
      const token = tokens.get(id)
      return token && stateOf(token, clock.now()) === 'active' ? token : undefined
    },
    idleUntil,
    async flush() {
      const changes: Exclude<Change, { kind: 'event' }>[] = []
      for (const [id, session] of sessions) {
        if (!holds(session)) {
          sessions.delete(id)
          changes.push({ kind: 'session-removed', id })
        } else if (usedSessions.has(id)) changes.push({ kind: 'session', session })
      }
      for (const [id, token] of tokens) {
        const over = token.revokedAt ?? token.expiresAt
        if (over !== undefined && clock.now() - over > keepOverMs) {
          tokens.delete(id)
          changes.push({ kind: 'api-token-removed', id })
        } else if (usedTokens.has(id)) changes.push({ kind: 'api-token', token })
      }
      usedSessions.clear()
      usedTokens.clear()
      if (changes.length > 0) await commit(changes)
    },
  }
}

/** Whether a token is good at a time, ms. */
export function stateOf(token: ApiTokenRecord, now: number): 'active' | 'expired' | 'revoked' {
  if (token.revokedAt !== undefined) return 'revoked'
  return token.expiresAt !== undefined && token.expiresAt <= now ? 'expired' : 'active'
}
