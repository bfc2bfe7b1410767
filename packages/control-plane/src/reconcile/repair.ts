import type { FleetNode } from '@navarch/core/node/node'
import type { PoolMode } from '@navarch/core/pool/pool-spec'
import { isRejected } from '@navarch/core/size/decide-proposals'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'
import type { Fleet } from '../fleet/fleet.ts'
import type { Engine } from '../operations/engine.ts'

export interface RepairDeps {
  fleet: Fleet
  engine: Pick<Engine, 'start'>
  log: Log
  clock: Pick<Clock, 'now'>
  /** What is done with decisions about the nodes of a pool. */
  mode: (pool: string) => PoolMode
  /** What was shown last of each node that is only observed, so that it is shown once. */
  shown: Map<string, string>
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

/**
 * Starts what a node's health asks for, at once; or proposes it, or shows it, as the mode of its pool says. Asked again while
 * that goes on, it does nothing.
 */
export async function repair(
  deps: RepairDeps,
  node: FleetNode,
  decision: 'drain' | 'drain-and-replace',
): Promise<void> {
  const { fleet, engine, log } = deps
  const repair = decideRepair(node, decision, fleet.operationOf(node.id) !== undefined)
  if (repair.kind === 'none') return
  const wanted = { kind: repair.kind, node: node.id, cause: node.healthReason }
  const mode = deps.mode(node.pool)
  if (mode === 'observe') return show(deps, node, repair.kind)
  if (mode === 'recommend') {
    const proposal = fleet.proposalOf(node.id)
    if (proposal?.initiator === 'health' && proposal.kind === repair.kind) return
    if (isRejected(fleet.poolMemory(node.pool).rejections ?? [], wanted, deps.clock.now())) return
    log.info(`${repair.kind} waits for approval`, { pool: node.pool, node: node.id, reason: node.healthReason })
  } else if (repair.kind === 'replace') log.info('replacing node', { pool: node.pool, node: node.id })
  else log.info('draining node', { pool: node.pool, node: node.id, reason: node.healthReason })
  await engine.start({
    kind: repair.kind,
    pool: node.pool,
    node: node.id,
    reason: node.healthReason,
    initiator: 'health',
    ...(mode === 'recommend' && { propose: true }),
  })
}

/** Says once what would be done. */
async function show({ fleet, log, shown }: RepairDeps, node: FleetNode, kind: 'replace' | 'drain'): Promise<void> {
  const what = `${kind}: ${node.healthReason}`
  if (shown.get(node.id) === what) return
  shown.set(node.id, what)
  log.info(`would ${kind} node, and only observes`, { pool: node.pool, node: node.id, reason: node.healthReason })
  await fleet.commit([{ kind: 'event', type: 'observed', message: `would ${what}`, pool: node.pool, node: node.id }])
}
