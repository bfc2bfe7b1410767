import { mayDo, type Need, type Principal } from './role.ts'

/** What is known of a request when it is decided whether it may be done. */
export interface AccessQuestion {
  need: Need
  /** Who asks; undefined: nobody that is known here. */
  principal: Principal | undefined
  /** Why what was shown says nothing, in a sentence; undefined when nothing was shown, or it was good. */
  problem?: string
  /** The answer cannot be had now, since whoever could tell is away. */
  unavailable?: boolean
  /** No token is configured, so nobody can show one. */
  open: boolean
  /** A browser's session asks, and does not show that its own page does. */
  forged?: string
}

export type AccessDecision =
  | { allowed: true; principal: Principal | undefined }
  | { allowed: false; code: 'unauthorized' | 'forbidden' | 'unavailable'; message: string }

const tokenRequired =
  'a token is required: send "Authorization: Bearer TOKEN" (navarch and navarch-node: --auth-token or NAVARCH_AUTH_TOKEN)'
const loopbackOnly =
  'changes are taken from loopback alone while no token is set: start navarch-control-plane with --auth-token or NAVARCH_AUTH_TOKEN, and send the same token'

/** Decides whether a request may be done. What it needs decides, never the way in which it came. */
export function decideAccess(question: AccessQuestion): AccessDecision {
  const { need, principal, problem, open, forged } = question
  if (need === 'probe') return { allowed: true, principal }
  if (!principal) {
    const code = question.unavailable ? 'unavailable' : 'unauthorized'
    return { allowed: false, code, message: problem ?? tokenRequired }
  }
  if (forged !== undefined) return { allowed: false, code: 'forbidden', message: forged }
  // Without a token, agents have none to show.
  if (mayDo(principal.role, need) || (open && need === 'agent')) return { allowed: true, principal }
  if (open) return { allowed: false, code: 'forbidden', message: loopbackOnly }
  return {
    allowed: false,
    code: 'forbidden',
    message: `${principal.name} is ${article(principal.role)}: ${wants[need]}`,
  }
}

const wants: Readonly<Record<Exclude<Need, 'probe'>, string>> = {
  viewer: 'this needs the role viewer, operator or admin',
  operator: 'this needs the role operator or admin',
  admin: 'this needs the role admin',
  agent: "this needs an agent's token",
}

function article(role: string): string {
  return `${/^[aeo]/.test(role) ? 'an' : 'a'} ${role}`
}
