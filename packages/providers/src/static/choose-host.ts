import { hardwareId } from '../machine-id.ts'
import type { Claim } from './claim.ts'

/** The first host of the list that nobody uses and nobody has excluded, or why there is none. */
export function chooseHost(
  hostIds: readonly string[],
  claims: readonly Claim[],
  exclude: readonly string[],
): { host: string } | { why: string } {
  const users = new Map(claims.map((claim) => [claim.host, claim.node]))
  const faulty = new Set(exclude.map(hardwareId))
  const host = hostIds.find((id) => !users.has(id) && !faulty.has(id))
  if (host !== undefined) return { host }
  if (hostIds.length === 0) return { why: 'it has no hosts' }
  const state = (id: string) => {
    const user = users.get(id)
    return user === undefined ? `${id} is excluded as faulty` : `${id} is ${user}`
  }
  const shown = hostIds.slice(0, 20).map(state).join(', ')
  return { why: hostIds.length > 20 ? `${shown}, and ${hostIds.length - 20} more` : shown }
}
