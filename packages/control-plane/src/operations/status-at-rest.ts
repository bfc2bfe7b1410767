import { asksForDrain } from '@navarch/core/health/assess'
import type { FleetNode, NodeStatus } from '@navarch/core/node/node'

/** Whether a node has a fault that holds, heard of or not since: silence heals nothing. */
export function isFaulty(node: Pick<FleetNode, 'health' | 'findings'>): boolean {
  return node.health === 'unhealthy' || node.findings.some(asksForDrain)
}

/** The status of a node that no operation works on any more: an operator's hold stays, and so does a fault. */
export function statusAtRest(node: Pick<FleetNode, 'health' | 'findings' | 'hold'>): NodeStatus {
  if (node.hold) return node.hold.action === 'cordon' ? 'cordoned' : 'drained'
  return isFaulty(node) ? 'unhealthy' : 'active'
}
