import type { FleetNode } from '@navarch/core/node/node'
import type { Operation } from '@navarch/core/operation/operation'
import type { Fleet, FleetChange } from '../fleet/fleet.ts'
import { statusAtRest } from '../operations/status-at-rest.ts'

/** What the end of an operation means for its node, to be stored with the end itself. */
export function nodeAfter(fleet: Fleet, operation: Operation, now: number): FleetChange[] {
  const node = fleet.nodes.get(operation.node)
  if (!node) return []
  const next = afterEnd(node, operation, now)
  if (next.status === node.status && next.hold === node.hold) return []
  const message = `${next.status} after ${operation.kind} ${operation.state}`
  return [
    { kind: 'node', node: next },
    { kind: 'event', type: 'node-status', message, pool: node.pool, node: node.id, operation: operation.id },
  ]
}

function afterEnd(node: FleetNode, operation: Operation, now: number): FleetNode {
  const { kind, state } = operation
  if (state === 'succeeded') {
    if (kind === 'cordon') return { ...node, status: 'cordoned' }
    if (kind === 'drain') return { ...node, status: 'drained' }
    return node
  }
  // Cancelled by a person: automation keeps its hands off until that person gives the node back.
  if (kind === 'replace' && state === 'cancelled' && operation.cancelRequested) {
    return {
      ...node,
      status: 'drained',
      hold: { action: 'drain', reason: 'its replacement was cancelled', since: now },
    }
  }
  if (kind === 'drain' || kind === 'cordon') {
    const { hold, ...free } = node
    // Its drain stays in Slurm, and the operator's word with it, until `uncordon`.
    if (hold && operation.facts.drainOwned) return { ...node, status: 'cordoned', hold: { ...hold, action: 'cordon' } }
    return { ...free, status: statusAtRest(free) }
  }
  return node.status === 'draining' ? { ...node, status: statusAtRest(node) } : node
}
