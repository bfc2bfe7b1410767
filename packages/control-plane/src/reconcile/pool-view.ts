import { countDemand, type Demand } from '@navarch/core/demand/count-demand'
import { chooseName, freeNames, type NameChoice, type NameInput, type SlurmNames } from '@navarch/core/pool/choose-name'
import { commonShape, type NodeShape } from '@navarch/core/pool/node-shape'
import { choosePartition, type PartitionChoice } from '@navarch/core/pool/partition'
import type { PoolSpec } from '@navarch/core/pool/pool-spec'
import { type AutoscalerAnswer, evaluateAutoscaler } from '@navarch/core/size/autoscalers'
import { capacityOf } from '@navarch/core/size/capacity'
import { decideSize, type SizeDecision } from '@navarch/core/size/decide-size'
import { type PoolMember, poolMembers, type SlurmView } from '@navarch/core/size/members'
import type { SlurmConfig } from '@navarch/slurm/config-record'
import type { NodeRecord } from '@navarch/slurm/node-record'
import { isCloud } from '@navarch/slurm/node-state'
import type { PartitionRecord } from '@navarch/slurm/partition-record'
import type { SnapshotView } from '@navarch/slurm/snapshot-poller'
import type { Fleet } from '../fleet/fleet.ts'

/** Slurm data older than this decides nothing, ms. */
const staleAfterMs = 120_000
/** GPU readings older than this say nothing about load, ms. */
const sampleAgeMs = 5 * 60_000

export interface PoolViewInput {
  fleet: Fleet
  pool: PoolSpec
  /** All pools: a job that several could run counts in one of them. */
  pools: readonly PoolSpec[]
  /** Undefined: there is no Slurm here. */
  slurm: { view: SnapshotView; config: SlurmConfig | undefined } | undefined
  /** Readings from elsewhere, in place of Slurm's and the agents'. */
  metrics?: PoolMetrics
  /** Names that machines of the pool's provider have before they are nodes. */
  hostNames?: readonly string[]
  now: number
}

/** What a metrics source says of a pool; what it leaves out comes from Slurm and the agents. */
export interface PoolMetrics {
  pendingJobs?: number
  runningJobs?: number
  utilizationPercent?: number
}

/** Everything about a pool at one moment: what is, what is wanted, and why. */
export interface PoolView {
  pool: PoolSpec
  partition: PartitionChoice | undefined
  /** Why Slurm's data cannot be used; undefined when it can. */
  slurmProblem: string | undefined
  members: PoolMember[]
  demand: Demand | undefined
  answer: AutoscalerAnswer | undefined
  decision: SizeDecision
  /** The names of the pool's partition; undefined without one. */
  names: SlurmNames | undefined
  /** The partition's nodes as Slurm knows them. */
  records: readonly NodeRecord[] | undefined
  dataAgeMs: number | undefined
}

/** Looks at one pool. Pure: the same state gives the same view. */
export function viewPool(input: PoolViewInput): PoolView {
  const { fleet, pool, slurm, now } = input
  const nodes = [...fleet.nodes.values()].filter((node) => node.pool === pool.name)
  // What waits for approval changes nothing, so it counts for nothing.
  const operations = [...fleet.operations.values()].filter(
    (operation) => operation.pool === pool.name && operation.state !== 'waiting_for_approval',
  )
  const snapshot = slurm?.view.snapshot
  const ageMs = snapshot ? now - snapshot.takenAt : undefined
  const fresh = snapshot && ageMs !== undefined && ageMs <= staleAfterMs
  const partition = snapshot && choosePartition(pool, snapshot.partitions)
  const found = partition?.kind === 'found' ? partition.partition : undefined
  const records = snapshot && found ? snapshot.nodes.filter((node) => node.partitions.includes(found.name)) : undefined
  const names: SlurmNames | undefined = snapshot &&
    found && {
      partition: found,
      nodes: snapshot.nodes,
      ...(slurm?.config?.maxNodeCount !== undefined && { maxNodeCount: slurm.config.maxNodeCount }),
    }
  const slurmProblem = slurm && problemOf(slurm.view, partition, fresh === true)
  const slurmView: SlurmView = !slurm ? 'absent' : fresh ? snapshot : undefined
  const members = poolMembers(nodes, operations, slurmView)
  const shape = records && commonShape(records)
  const demand =
    fresh && found && names && !slurmProblem
      ? countDemand({
          jobs: snapshot.jobs,
          nodes: snapshot.nodes,
          partition: found.name,
          poolPartitions: partitionsOf(input.pools, snapshot.partitions),
          coming: comingNames(names, members),
          ...(shape && { shape }),
          maxNodes: pool.maxNodes,
          now,
        })
      : undefined
  const answer =
    pool.autoscaler && evaluateAutoscaler(pool.autoscaler, autoscalerInput(input, members, demand, shape, slurmProblem))
  const decision = decideSize({
    spec: pool,
    memory: fleet.poolMemory(pool.name),
    members,
    ...(answer && { answer }),
    demandedNames: demand?.names ?? [],
    now,
  })
  return { pool, partition, slurmProblem, members, demand, answer, decision, names, records, dataAgeMs: ageMs }
}

/** The name for the pool's next host. */
export function nextName(
  view: PoolView,
  input: PoolViewInput,
  names: Required<Pick<NameInput, 'taken' | 'demanded' | 'hostNames'>>,
): NameChoice {
  const pool = view.pool.name
  if (!input.slurm) return chooseName({ pool, slurm: undefined, ...names })
  if (view.slurmProblem !== undefined || !view.names) {
    return { kind: 'none', reason: view.slurmProblem ?? 'Slurm has not been seen yet' }
  }
  return chooseName({ pool, slurm: view.names, ...names })
}

function partitionsOf(pools: readonly PoolSpec[], partitions: readonly PartitionRecord[]): string[] {
  const choices = pools.map((pool) => choosePartition(pool, partitions))
  return [...new Set(choices.flatMap((choice) => (choice.kind === 'found' ? [choice.partition.name] : [])))]
}

/** Names that have no host yet and that this pool gives one, or could. */
function comingNames(names: SlurmNames, members: readonly PoolMember[]): Set<string> {
  const coming = members.filter((member) => member.service === 'coming').map((member) => member.id)
  const taken = new Set(members.map((member) => member.id))
  const cloud = names.nodes.filter((record) => isCloud(record.state)).map((record) => record.name)
  return new Set([...coming, ...freeNames(names, taken, cloud).map((free) => free.name)])
}

function autoscalerInput(
  { fleet, pool, slurm, metrics, now }: PoolViewInput,
  members: readonly PoolMember[],
  demand: Demand | undefined,
  shape: NodeShape | undefined,
  slurmProblem: string | undefined,
): Parameters<typeof evaluateAutoscaler>[1] {
  const utilization = metrics?.utilizationPercent ?? meanUtilization(fleet, pool.name, now)
  const counted = members.filter((member) => member.service === 'in' || member.service === 'coming')
  const unavailable = slurm ? (slurmProblem ?? 'Slurm has not been seen yet') : 'there is no Slurm here'
  return {
    nodes: counted.length,
    provisioning: counted.filter((member) => member.service === 'coming').length,
    minNodes: pool.minNodes,
    maxNodes: pool.maxNodes,
    queue: queueOf(metrics, members, demand, shape) ?? { unavailable },
    ...(shape && { shape }),
    ...(utilization !== undefined && { utilizationPercent: utilization }),
  }
}

function queueOf(
  metrics: PoolMetrics | undefined,
  members: readonly PoolMember[],
  demand: Demand | undefined,
  shape: NodeShape | undefined,
) {
  if (metrics?.pendingJobs !== undefined) {
    const { pendingJobs: pendingNodes, runningJobs: runningNodes = 0 } = metrics
    const told: Demand = { pendingNodes, runningNodes, work: [], names: [], jobs: [], unknownReasons: {} }
    return { demand: told, capacity: capacityOf(members, shape) }
  }
  return demand && { demand, capacity: capacityOf(members, shape, demand.names) }
}

/** Mean over all GPUs that reported lately, percent. */
function meanUtilization(fleet: Fleet, pool: string, now: number): number | undefined {
  let sum = 0
  let count = 0
  for (const node of fleet.nodes.values()) {
    if (node.pool !== pool || node.sampledAt === undefined || now - node.sampledAt > sampleAgeMs) continue
    for (const { utilizationPercent } of node.samples) {
      if (utilizationPercent === undefined) continue
      sum += utilizationPercent
      count += 1
    }
  }
  return count === 0 ? undefined : sum / count
}

function problemOf(view: SnapshotView, partition: PartitionChoice | undefined, fresh: boolean): string | undefined {
  if (!view.snapshot) return view.error ? `Slurm cannot be read: ${view.error.message}` : 'Slurm has not been seen yet'
  if (!fresh)
    return `Slurm was last seen ${Math.round((view.ageMs ?? 0) / 1000)} s ago${view.error ? `: ${view.error.message}` : ''}`
  return partition?.kind === 'none' ? partition.message : undefined
}
