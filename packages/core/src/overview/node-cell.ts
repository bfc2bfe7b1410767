import type { NodeRecord } from '@navarch/slurm/node-record'
import { hasFlag, isBusy, isDown, isDrain, type NodeFlag, type NodeState } from '@navarch/slurm/node-state'
import type { FleetNode } from '../node/node.ts'
import type { Operation } from '../operation/operation.ts'
import { reasonOwner } from '../pool/reason-owner.ts'

/** What a node looks like from afar; the first one that holds, from the worst down, is decided by `cellOf`. */
export const cellStates = [
  'busy',
  'mixed',
  'idle',
  'reserved',
  'powering',
  'draining',
  'drained',
  'down',
  'unknown',
] as const
export type CellState = (typeof cellStates)[number]

/** Whose doing it is that a node takes no work; "" where nobody keeps it from work. */
export type CellOwner = '' | 'navarch' | 'person' | 'slurm'

export interface CellInput {
  /** Undefined: Slurm alone knows the node. */
  node: FleetNode | undefined
  /** Undefined: Slurm does not know it, or was not seen. */
  record: NodeRecord | undefined
  /** The open operation that has it in hand. */
  operation: Pick<Operation, 'kind' | 'reason' | 'initiator'> | undefined
  /** `absent`: there is no Slurm here; `stale`: its word is missing or too old to be shown as the present. */
  slurm: 'absent' | 'fresh' | 'stale'
  /** Whether the agent was heard lately. */
  heard: boolean
  /** GPUs that show any load, where their readings are fresh. */
  loadedGpus?: number
}

export interface Cell {
  state: CellState
  owner: CellOwner
  /** Why its state or health is not good; "" when both are. */
  reason: string
}

const powering: readonly NodeFlag[] = ['POWERING_UP', 'POWER_UP', 'POWERING_DOWN', 'POWER_DOWN', 'POWERED_DOWN']
const rebooting: readonly NodeFlag[] = ['REBOOT_ISSUED']

/**
 * The one state that a node is shown in. What Navarch does to it is newer than any look at Slurm and comes first; what only
 * Slurm can know is unknown when Slurm's word is old.
 */
export function cellOf(input: CellInput): Cell {
  const state = stateOf(input)
  return { state, owner: ownerOf(input, state), reason: reasonOf(input, state) }
}

/** Whether a name of Slurm has no host and nobody makes one: it is a place for a node, not a node. */
export function isEmptyName(state: NodeState): boolean {
  return state.base === 'FUTURE' || (hasFlag(state, 'POWERED_DOWN') && !isBusy(state))
}

function stateOf({ node, record, operation, slurm, heard, loadedGpus }: CellInput): CellState {
  if (node?.status === 'provisioning' || operation?.kind === 'provision') return 'powering'
  const state = slurm === 'fresh' ? record?.state : undefined
  if (state && hasAny(state, rebooting)) return 'powering'
  if (state && (isDown(state) || state.base === 'ERROR' || hasFlag(state, 'INVALID_REG'))) return 'down'
  const held = node && heldByFleet(node)
  if (held) return state && isBusy(state) ? 'draining' : held
  if (slurm === 'absent') return stateByAgent(node, heard, loadedGpus)
  if (!state || !record) return 'unknown'
  if (isDrain(state) || hasAny(state, ['FAIL', 'POWER_DRAIN'])) return isBusy(state) ? 'draining' : 'drained'
  if (hasAny(state, powering)) return 'powering'
  if (state.base === 'UNKNOWN' || state.base === 'FUTURE' || hasFlag(state, 'NOT_RESPONDING')) return 'unknown'
  if (isBusy(state)) return fullness(record)
  if (hasAny(state, ['RESERVED', 'MAINTENANCE'])) return 'reserved'
  return 'idle'
}

/** What the fleet's own word says of a node that takes no work: newer than any look at Slurm. */
function heldByFleet({ status }: FleetNode): 'draining' | 'drained' | undefined {
  if (status === 'draining') return 'draining'
  return status === 'drained' || status === 'cordoned' ? 'drained' : undefined
}

/** Without Slurm nobody says what is allocated: load tells what is used. */
function stateByAgent(node: FleetNode | undefined, heard: boolean, loadedGpus: number | undefined): CellState {
  if (!node || !heard || loadedGpus === undefined) return 'unknown'
  if (loadedGpus === 0) return 'idle'
  return loadedGpus >= node.gpus.length ? 'busy' : 'mixed'
}

/** By GPUs where the node has any, since CPUs are seldom what is short there; by Slurm's own word otherwise. */
function fullness({ state, gpus, gpusAllocated }: NodeRecord): 'busy' | 'mixed' {
  if (state.base === 'ALLOCATED') return 'busy'
  return gpus > 0 && gpusAllocated !== undefined && gpusAllocated >= gpus ? 'busy' : 'mixed'
}

function ownerOf({ node, record, operation, slurm }: CellInput, state: CellState): CellOwner {
  if (state !== 'draining' && state !== 'drained' && state !== 'down') return ''
  if (node?.hold || operation?.initiator === 'operator') return 'person'
  const owner = slurm === 'fresh' && record ? reasonOwner(record.reason) : 'nobody'
  if (owner === 'ours') return 'navarch'
  if (owner !== 'nobody') return owner
  return node && heldByFleet(node) ? 'navarch' : ''
}

function reasonOf({ node, record, operation, slurm }: CellInput, state: CellState): string {
  const said = slurm === 'fresh' ? (record?.reason ?? '') : ''
  const health = node && node.health !== 'healthy' ? node.healthReason : ''
  switch (state) {
    case 'powering':
      return operation?.reason ?? health
    case 'draining':
    case 'drained':
    case 'down':
      return node?.hold?.reason || withoutMark(said) || health || operation?.reason || ''
    case 'unknown':
      if (slurm === 'fresh' && !record && node) return 'Slurm does not know this node'
      return withoutMark(said) || health || (slurm === 'stale' ? 'Slurm was not seen lately' : '')
    default:
      return health
  }
}

/** Our own drains are marked for Slurm; people know them by their owner. */
function withoutMark(reason: string): string {
  return reason.replace(/^navarch:\s*/i, '')
}

function hasAny(state: NodeState, flags: readonly NodeFlag[]): boolean {
  return flags.some((flag) => hasFlag(state, flag))
}
