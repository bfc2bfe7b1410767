import type { NodeRecord } from '@navarch/slurm/node-record'
import { isDown, isDrain } from '@navarch/slurm/node-state'
import { reasonOwner } from './reason-owner.ts'

/**
 * Whether a node is kept out of service by somebody whose wish is not ours to undo: a person who drained it or set it
 * down, or slurmctld, which drained it for a cause that a person must judge ("Kill task failed", "Low RealMemory").
 * That slurmctld calls a silent node down ("Not responding") is nobody's wish.
 */
export function isHeldByOthers({ state, reason }: Pick<NodeRecord, 'state' | 'reason'>): boolean {
  const owner = reasonOwner(reason)
  return isDrain(state) ? owner === 'person' || owner === 'slurm' : isDown(state) && owner === 'person'
}

/** Whether a person has taken the node out of service, with or without a host: the name is that person's until it is lifted. */
export function isHeldByPerson(node: Pick<NodeRecord, 'state' | 'reason'>): boolean {
  return isHeldByOthers(node) && reasonOwner(node.reason) === 'person'
}
