import type { JobRecord } from '@navarch/slurm/job-record'
import type { NodeRecord } from '@navarch/slurm/node-record'
import { hasFlag, isBusy } from '@navarch/slurm/node-state'
import { namesIn } from '../demand/names-in.ts'
import type { FleetNode, NodeStatus } from '../node/node.ts'
import type { Operation } from '../operation/operation.ts'
import { isHeldByOthers } from '../pool/held-by-others.ts'
import { reasonOwner } from '../pool/reason-owner.ts'

/**
 * What a member of a pool is to the pool's size:
 * - `in`: serves, or will as soon as Slurm and its agent answer
 * - `coming`: its machine is being made, or made again
 * - `out`: exists and takes no new work: cordoned, drained, faulty, or held by others
 * - `leaving`: its machine is being given up
 */
export type Service = 'in' | 'coming' | 'out' | 'leaving'

/** What runs on it, by Slurm: `held` is kept by a person, by slurmctld itself or a reservation; `unknown` is never taken for idle. */
export type Activity = 'idle' | 'busy' | 'held' | 'unknown'

export interface PoolMember {
  id: string
  service: Service
  activity: Activity
  /** An operation works on it. */
  inOperation: boolean
  status: NodeStatus
  /** Whether its machine is one that we launched, and so may end. */
  ours: boolean
  /** ms since the epoch; undefined when Slurm does not say. */
  idleSince?: number
  /** As slurmctld knows it. */
  record?: NodeRecord
}

/** `absent`: there is no Slurm here, so no jobs either; undefined: its data is missing or too old to act on. */
export type SlurmView = { nodes: readonly NodeRecord[]; jobs: readonly JobRecord[] } | 'absent' | undefined

const started: ReadonlySet<string> = new Set([
  'RUNNING',
  'SUSPENDED',
  'STOPPED',
  'COMPLETING',
  'CONFIGURING',
  'POWER_UP_NODE',
  'RESIZING',
  'SIGNALING',
  'STAGE_OUT',
])

/**
 * The members of a pool, one for each node name.
 * @param nodes the pool's nodes
 * @param operations the pool's operations that are not over
 */
export function poolMembers(
  nodes: readonly FleetNode[],
  operations: readonly Pick<Operation, 'node' | 'kind'>[],
  slurm: SlurmView,
): PoolMember[] {
  const view = slurm === undefined || slurm === 'absent' ? undefined : slurm
  const records = new Map(view?.nodes.map((record) => [record.name, record]))
  const occupied = new Set(
    (view?.jobs ?? []).filter((job) => started.has(job.state)).flatMap((job) => namesIn(job.nodes)),
  )
  const byNode = new Map(operations.map((operation) => [operation.node, operation]))
  const members: PoolMember[] = []
  for (const node of nodes) {
    const operation = byNode.get(node.id)
    if (node.status === 'terminated' && !operation) continue
    const record = records.get(node.id)
    const activity = slurm === 'absent' ? 'idle' : activityOf(record, occupied)
    members.push({
      id: node.id,
      service: serviceOf(node, operation, activity),
      activity,
      inOperation: operation !== undefined,
      status: node.status,
      ours: node.machine !== undefined,
      ...(record?.lastBusyTime !== undefined && { idleSince: record.lastBusyTime }),
      ...(record && { record }),
    })
  }
  const present = new Set(members.map((member) => member.id))
  for (const operation of byNode.values()) {
    if (operation.kind !== 'provision' || present.has(operation.node)) continue
    members.push({
      id: operation.node,
      service: 'coming',
      activity: 'unknown',
      inOperation: true,
      status: 'provisioning',
      ours: true,
    })
  }
  return members
}

function serviceOf(node: FleetNode, operation: Pick<Operation, 'kind'> | undefined, activity: Activity): Service {
  if (operation?.kind === 'provision' || operation?.kind === 'replace') return 'coming'
  if (operation?.kind === 'scale-down') return 'leaving'
  if (operation?.kind === 'drain' || operation?.kind === 'cordon') return 'out'
  if (node.hold || activity === 'held') return 'out'
  return node.status === 'active' ? 'in' : 'out'
}

function activityOf(record: NodeRecord | undefined, occupied: ReadonlySet<string>): Activity {
  if (!record) return 'unknown'
  const { state } = record
  if (isHeldByOthers(record) || (hasFlag(state, 'FAIL') && reasonOwner(record.reason) === 'person')) return 'held'
  if (hasFlag(state, 'MAINTENANCE') || hasFlag(state, 'RESERVED')) return 'held'
  if (isBusy(state) || occupied.has(record.name) || hasFlag(state, 'PLANNED')) return 'busy'
  return state.base === 'IDLE' && !hasFlag(state, 'NOT_RESPONDING') ? 'idle' : 'unknown'
}
