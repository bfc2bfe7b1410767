import { healthByAge, missedHeartbeats } from '@navarch/core/health/health-by-age'
import type { Log } from '@navarch/system/log'
import type { Fleet, FleetChange } from '../fleet/fleet.ts'

export interface SilenceLimits {
  /** Silence after which nothing is known any more, ms. */
  timeoutMs: number
  /** When this control plane began to listen, ms: what nobody could hear before is no silence. */
  listeningSince: number
}

/**
 * Makes the health of nodes that have fallen silent unknown. Nothing is drained for that: Slurm may still see them.
 * @param now ms since the epoch
 */
export async function checkHeartbeats(fleet: Fleet, log: Log, limits: SilenceLimits, now: number): Promise<void> {
  const changes: FleetChange[] = []
  for (const node of fleet.nodes.values()) {
    if (node.registeredAt === undefined || node.health === 'unknown') continue
    const lastHeartbeat = Math.max(node.lastHeartbeat ?? 0, limits.listeningSince)
    const { health, healthReason } = healthByAge({ ...node, lastHeartbeat }, limits.timeoutMs / missedHeartbeats, now)
    if (health !== 'unknown') continue
    log.warn('node silent', { pool: node.pool, node: node.id, reason: healthReason })
    changes.push({ kind: 'node', node: { ...node, health, healthReason } })
    changes.push({
      kind: 'event',
      type: 'node-health',
      message: `unknown: ${healthReason}`,
      pool: node.pool,
      node: node.id,
    })
  }
  if (changes.length > 0) await fleet.commit(changes)
}
