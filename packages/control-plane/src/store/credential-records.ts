import type { AnyRole, Role } from '@navarch/core/access/role'

/** A token that was made here. Its text is not kept. */
export interface ApiTokenRecord {
  id: string
  name: string
  role: AnyRole
  /** SHA-256 of the whole text, hexadecimal. */
  hash: string
  createdAt: number
  createdBy: string
  expiresAt?: number
  lastUsedAt?: number
  revokedAt?: number
  revokedBy?: string
  /** A login of the command line made it, by this provider: it ends with the logout. */
  login?: { issuer: string }
}

/** A browser that logged in. What it keeps is not kept here. */
export interface SessionRecord {
  /** SHA-256 of what the browser keeps, hexadecimal. */
  id: string
  name: string
  role: Role
  /** What it began with; it ends when that does. */
  origin:
    | { kind: 'token'; name: string; hash: string }
    | { kind: 'api-token'; id: string }
    | { kind: 'oidc'; issuer: string; subject: string }
  createdAt: number
  lastSeenAt: number
  expiresAt: number
}
