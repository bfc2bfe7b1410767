import type { FleetNode } from '@navarch/core/node/node'
import type { Log } from '@navarch/system/log'
import type { Fleet } from '../fleet/fleet.ts'
import type { Engine } from '../operations/engine.ts'

export interface RepairDeps {
  fleet: Fleet
  engine: Engine
  log: Log
}

/** What is to be done about a node whose health asks for it; `none` says why not. */
export type Repair = { kind: 'replace' | 'drain' } | { kind: 'none'; why: string }

/** Decides what to do about a node. A person's hold and an operation that has the node in hand come first. */
function decideRepair(node: FleetNode, decision: 'drain' | 'drain-and-replace', inOperation: boolean): Repair {
  if (inOperation) return { kind: 'none', why: 'an operation has the node in hand' }
  if (node.status === 'provisioning' || node.status === 'terminated')
    return { kind: 'none', why: `it is ${node.status}` }
  if (decision === 'drain-and-replace' && node.machine && !node.hold) return { kind: 'replace' }
  if (node.hold?.action === 'drain') return { kind: 'none', why: 'an operator has drained it' }
  if (node.status === 'drained') return { kind: 'none', why: 'it is drained' }
  return { kind: 'drain' }
}

/** Starts what a node's health asks for, at once. Asked again while that goes on, it does nothing. */
export async function repair(
  deps: RepairDeps,
  node: FleetNode,
  decision: 'drain' | 'drain-and-replace',
): Promise<void> {
  const { fleet, engine, log } = deps
  const repair = decideRepair(node, decision, fleet.operationOf(node.id) !== undefined)
  if (repair.kind === 'none') return
  if (repair.kind === 'replace') log.info('replacing node', { pool: node.pool, node: node.id })
  else log.info('draining node', { pool: node.pool, node: node.id, reason: node.healthReason })
  await engine.start({
    kind: repair.kind,
    pool: node.pool,
    node: node.id,
    reason: node.healthReason,
    initiator: 'health',
  })
}
