import type { Operation } from '@navarch/core/operation/operation'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'
import type { Fleet, FleetChange } from '../fleet/fleet.ts'
import { ServiceError } from '../services/service-error.ts'
import { currentStep } from './new-operation.ts'
import { approved, declined } from './transition.ts'

/** What becomes of operations that wait for approval. */
export interface Approvals {
  /** Begins one. @param by who says so */
  approve(id: string, by: string): Promise<Operation>
  /** Ends one. For the pool's time it is not proposed again while its cause is the same. */
  reject(id: string, by: string, reason: string): Promise<Operation>
  /** Ends one whose cause is gone; does nothing when somebody has decided. */
  withdraw(id: string, reason: string): Promise<void>
}

export interface ApprovalOptions {
  fleet: Fleet
  clock: Clock
  log: Log
  /** How long a pool's rejected proposal is not made again, ms. */
  rejectCooldownMs: (pool: string) => number
  /** Rejects when there is no such operation, now or in the past. */
  find: (id: string) => Promise<Operation>
  /** Throws when an operation has the node in hand. */
  refuseIfInHand: (node: string) => void
  /** Called when one has begun. */
  begun: () => void
}

export function createApprovals(options: ApprovalOptions): Approvals & {
  /** The changes with which a proposal on a node makes way for something else. */
  makeWay(node: string, reason: string): FleetChange[]
} {
  const { fleet, clock, log } = options

  async function findProposal(id: string): Promise<Operation> {
    const { state, approval } = await options.find(id)
    // Not by way of the promise: somebody else may have decided in the meantime.
    const operation = fleet.operations.get(id)
    if (operation?.state === 'waiting_for_approval') return operation
    const by = approval?.by === undefined ? '' : ` by ${approval.by}`
    const why = approval ? `it was ${approval.state}${by}` : `it is ${state}, and needed no approval`
    throw new ServiceError('conflict', `operation ${id} does not wait for approval: ${why}`)
  }

  function withdrawn(proposal: Operation, reason: string): FleetChange[] {
    const operation = declined(proposal, { state: 'withdrawn', reason }, clock.now())
    return [{ kind: 'operation', operation }, eventOf(operation, currentStep(operation).message)]
  }

  return {
    async approve(id, by) {
      const proposal = await findProposal(id)
      options.refuseIfInHand(proposal.node)
      const operation = approved(proposal, by, clock.now())
      await fleet.commit([{ kind: 'operation', operation }, eventOf(operation, `approved by ${by}`)])
      log.info(`${operation.kind} approved`, { ...where(operation), by })
      options.begun()
      return operation
    },
    async reject(id, by, reason) {
      const proposal = await findProposal(id)
      const now = clock.now()
      const operation = declined(proposal, { state: 'rejected', by, reason }, now)
      const memory = fleet.poolMemory(proposal.pool)
      const rejection = {
        kind: proposal.kind,
        node: proposal.node,
        cause: proposal.reason,
        by,
        at: now,
        until: now + options.rejectCooldownMs(proposal.pool),
      }
      await fleet.commit([
        { kind: 'operation', operation },
        { kind: 'pool', memory: { ...memory, rejections: [...(memory.rejections ?? []), rejection] } },
        eventOf(operation, currentStep(operation).message),
      ])
      log.info(`${operation.kind} rejected`, { ...where(operation), by, reason })
      return operation
    },
    async withdraw(id, reason) {
      const proposal = fleet.operations.get(id)
      if (proposal?.state === 'waiting_for_approval') await fleet.commit(withdrawn(proposal, reason))
    },
    makeWay(node, reason) {
      const proposal = fleet.proposalOf(node)
      return proposal ? withdrawn(proposal, reason) : []
    },
  }
}

function eventOf(operation: Operation, message: string): FleetChange {
  return { kind: 'event', type: 'operation', message, ...where(operation) }
}

function where({ pool, node, id }: Operation): { pool: string; node: string; operation: string } {
  return { pool, node, operation: id }
}
