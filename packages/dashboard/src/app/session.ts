import { authRoutes, type LoginErrorCode, type RoleName, type SessionJson } from '@navarch/api/auth'
import { createContext, useContext } from 'react'
import { getJson, keepCsrfToken } from '../api/request.ts'

const ranks: Record<RoleName, number> = { viewer: 0, operator: 1, admin: 2 }

/** Who is looking; undefined before it is known. */
export const SessionContext = createContext<SessionJson | undefined>(undefined)

/** Whether the user may do what needs `role`. The server decides; the page only hides what would be refused. */
export function useMay(role: RoleName): boolean {
  const own = useContext(SessionContext)?.user?.role
  return own !== undefined && own !== 'agent' && ranks[own] >= ranks[role]
}

/** Asks who is looking, and keeps the token that changes need. */
export async function loadSession(): Promise<SessionJson> {
  const session = await getJson<SessionJson>(authRoutes.session)
  keepCsrfToken(session.csrf_token ?? '')
  return session
}

/** Why a login at the provider did not come to an end. */
export const loginErrors: Record<LoginErrorCode, string> = {
  provider_unavailable: 'The identity provider does not answer. A token still works.',
  denied: 'The identity provider said no.',
  no_role: 'You are known, but have no role here: an administrator must map one of your groups to one.',
  expired: 'The login took too long, or was begun elsewhere. Begin again.',
  failed: 'The identity provider gave an answer that cannot be trusted. The control plane’s log has the details.',
}
