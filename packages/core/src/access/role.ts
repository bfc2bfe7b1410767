/** What people and programs may be, each allowed what those before it are. */
export const roles = ['viewer', 'operator', 'admin'] as const
export type Role = (typeof roles)[number]

/** `agent`: speaks for nodes and sees nothing of the fleet. */
export type AnyRole = Role | 'agent'
export const anyRoles: readonly AnyRole[] = [...roles, 'agent']

/**
 * What a request needs:
 * - `probe`: nothing; it learns whether the server is alive, scrapes it, downloads a program, or logs in
 * - `viewer`: to see the fleet
 * - `operator`: to steer it: drain, cordon, approve, cancel, scale, acknowledge, silence
 * - `admin`: to change what is kept and who may do what: rules, tokens, backup, restore
 * - `agent`: to speak for a node: register, report, fetch and acknowledge commands
 */
export type Need = 'probe' | Role | 'agent'

/** Whether a role is enough. An admin may speak for nodes, as the one token for all of them always could. */
export function mayDo(role: AnyRole, need: Need): boolean {
  if (need === 'probe') return true
  if (need === 'agent') return role === 'agent' || role === 'admin'
  return role !== 'agent' && roles.indexOf(role) >= roles.indexOf(need)
}

/** Who a request comes from. */
export interface Principal {
  name: string
  role: AnyRole
  /**
   * How that is known: `open`: no token is configured; `token`: one of the configuration's; `api-token`: one that was made
   * here; `session`: a browser that logged in; `oidc`: a token of the identity provider.
   */
  via: 'open' | 'token' | 'api-token' | 'session' | 'oidc'
}
