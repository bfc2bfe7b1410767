import type { RoleRules } from '@navarch/core/access/role-of-claims'

/** An identity provider as it is configured, with its secret read. */
export interface OidcSettings {
  /** What people call it. */
  name: string
  /** Its address, exactly as it calls itself. */
  issuer: string
  clientId: string
  /** Undefined: a public client. */
  clientSecret: string | undefined
  /** Among them "openid". */
  scopes: readonly string[]
  roles: RoleRules
  usernameClaim: string
  /** Whom tokens must be meant for that programs show. */
  audience: string
  /** Why it cannot be used as configured; undefined when it can. */
  problem: string | undefined
}
