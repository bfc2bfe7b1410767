import { type Role, roles } from './role.ts'

/** How claims of an identity provider become a role here. */
export interface RoleRules {
  /** Path of the claim that has a person's groups, e.g. "realm_access.roles"; a name with dots in it is found too. */
  roleClaim: string
  /** Role by group. */
  roleMapping: Readonly<Record<string, Role>>
  /** Role of those in none of these groups; absent: they have none, and are refused. */
  defaultRole?: Role
}

/** The highest role that a person's groups give; undefined when there is none. */
export function roleOfClaims(claims: Readonly<Record<string, unknown>>, rules: RoleRules): Role | undefined {
  const given = groupsOf(claimAt(claims, rules.roleClaim)).flatMap((group) =>
    Object.hasOwn(rules.roleMapping, group) ? [rules.roleMapping[group]] : [],
  )
  return roles.findLast((role) => given.includes(role)) ?? rules.defaultRole
}

/** The claim at a path of names; the longest name that is there wins, since names may have dots in them. */
export function claimAt(claims: unknown, path: string): unknown {
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) return undefined
  const record = claims as Readonly<Record<string, unknown>>
  const parts = path.split('.')
  for (let length = parts.length; length > 0; length -= 1) {
    const name = parts.slice(0, length).join('.')
    if (!Object.hasOwn(record, name)) continue
    return length === parts.length ? record[name] : claimAt(record[name], parts.slice(length).join('.'))
  }
  return undefined
}

/** A text is one group, or several with spaces between them. */
function groupsOf(claim: unknown): string[] {
  if (typeof claim === 'string') return [claim, ...claim.split(/\s+/)].filter((group) => group !== '')
  return Array.isArray(claim) ? claim.filter((group): group is string => typeof group === 'string') : []
}

/** A person's name as it is shown; the provider's subject where none of the claims has one. */
export function nameOfClaims(claims: Readonly<Record<string, unknown>>, usernameClaim: string): string {
  for (const path of [usernameClaim, 'preferred_username', 'email', 'sub']) {
    const claim = claimAt(claims, path)
    if (typeof claim !== 'string') continue
    // Nothing that breaks a line or turns it around: the name is read in logs.
    const name = claim.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ').trim()
    if (name !== '') return name.slice(0, 256).toWellFormed()
  }
  return 'somebody'
}
