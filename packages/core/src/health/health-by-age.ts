import { formatDuration } from '../duration.ts'
import type { FleetNode, NodeHealth } from '../node/node.ts'

/** Heartbeats that may be missed before a node counts as unheard. */
export const missedHeartbeats = 3

/**
 * A node's health, given how long ago it was last heard of: after three missed heartbeats a good word is worth nothing.
 * A fault that was reported stays a fault: silence does not mend it.
 * @param heartbeatMs how often the agent beats
 * @param now ms since the epoch
 */
export function healthByAge(
  node: Pick<FleetNode, 'health' | 'healthReason' | 'lastHeartbeat'>,
  heartbeatMs: number,
  now: number,
): { health: NodeHealth; healthReason: string } {
  const { health, healthReason, lastHeartbeat } = node
  if (health === 'unhealthy') return { health, healthReason }
  if (lastHeartbeat === undefined) return { health: 'unknown', healthReason: 'no heartbeat yet' }
  const silentMs = now - lastHeartbeat
  if (silentMs > missedHeartbeats * heartbeatMs) {
    return { health: 'unknown', healthReason: `no heartbeat for ${formatDuration(Math.floor(silentMs / 1000) * 1000)}` }
  }
  if (health === 'unknown' && healthReason === '') return { health, healthReason: 'no health report yet' }
  return { health, healthReason }
}
