import { hardwareId } from '../machine-id.ts'
import type { LaunchRequest } from '../provider.ts'
import type { Claim } from './claim.ts'

/**
 * The host that has the node's own name, else the first of the list; one that nobody uses and nobody has excluded, or why
 * there is none.
 */
export function chooseHost(
  hostIds: readonly string[],
  claims: readonly Claim[],
  { node, exclude }: Pick<LaunchRequest, 'node' | 'exclude'>,
): { host: string } | { why: string } {
  const users = new Map(claims.map((claim) => [claim.host, claim.node]))
  const faulty = new Set(exclude.map(hardwareId))
  const free = hostIds.filter((id) => !users.has(id) && !faulty.has(id))
  const host = free.find((id) => id === node) ?? free[0]
  if (host !== undefined) return { host }
  if (hostIds.length === 0) return { why: 'it has no hosts' }
  const state = (id: string) => {
    const user = users.get(id)
    return user === undefined ? `${id} is excluded as faulty` : `${id} is ${user}`
  }
  const shown = hostIds.slice(0, 20).map(state).join(', ')
  return { why: hostIds.length > 20 ? `${shown}, and ${hostIds.length - 20} more` : shown }
}
