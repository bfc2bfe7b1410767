import { healthByAge, missedHeartbeats } from '@navarch/core/health/health-by-age'
import type { Log } from '@navarch/system/log'
import type { Fleet, FleetChange } from '../fleet/fleet.ts'

/**
 * Makes the health of nodes that have fallen silent unknown. Nothing is drained for that: Slurm may still see them.
 * @param timeoutMs silence after which nothing is known any more, ms
 * @param now ms since the epoch
 */
export async function checkHeartbeats(fleet: Fleet, log: Log, timeoutMs: number, now: number): Promise<void> {
  const changes: FleetChange[] = []
  for (const node of fleet.nodes.values()) {
    if (node.registeredAt === undefined || node.health === 'unknown') continue
    const { health, healthReason } = healthByAge(node, timeoutMs / missedHeartbeats, now)
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
