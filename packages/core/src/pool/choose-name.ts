import type { NodeRecord } from '@navarch/slurm/node-record'
import { hasFlag, isBusy, isCloud, isDown, isDrain, isDynamic, isFuture, isRegistered } from '@navarch/slurm/node-state'
import type { PartitionRecord } from '@navarch/slurm/partition-record'
import { namesIn } from '../demand/names-in.ts'
import type { SlurmNaming } from '../operation/operation.ts'
import { reasonOwner } from './reason-owner.ts'

export interface NameInput {
  pool: string
  /** Undefined where there is no Slurm. */
  slurm: SlurmNames | undefined
  /** Names that the fleet uses, open operations included. */
  taken: ReadonlySet<string>
  /** Names that jobs wait for by name: the first choice. */
  demanded?: readonly string[]
  /** Names that hosts have which may be taken; a node takes such a name where it is to be had. */
  hostNames?: readonly string[]
}

/** The names that Slurm knows. */
export interface SlurmNames {
  /** The pool's partition. */
  partition: Pick<PartitionRecord, 'name' | 'nodes'>
  /** All nodes that slurmctld shows, in any partition, FUTURE names included. */
  nodes: readonly NodeRecord[]
  /** slurm.conf's MaxNodeCount; undefined or 0: no dynamic nodes. */
  maxNodeCount?: number
}

export type NameChoice =
  | { kind: 'name'; name: string; naming: SlurmNaming }
  /** `reason` says why each candidate is not to be had. */
  | { kind: 'none'; reason: string }

/** A name of slurm.conf that a new host may take, and how. */
export interface FreeName {
  name: string
  naming: Exclude<SlurmNaming, 'dynamic' | 'none'>
}

const preference: readonly FreeName['naming'][] = ['future', 'cloud', 'static']

/**
 * The name of the next new host: one that jobs wait for, else a free name of the partition: one that a host has already, or
 * the first (FUTURE before CLOUD before plain names that are down). Where none is free and slurm.conf allows dynamic nodes, and
 * where there is no Slurm, it is the name that a host has, else a number of the pool.
 */
export function chooseName(input: NameInput): NameChoice {
  const { slurm, taken, demanded = [], hostNames = [] } = input
  const ownName = (used: ReadonlySet<string>) => hostNames.find((name) => !used.has(name)) ?? nextName(input.pool, used)
  if (!slurm) return { kind: 'name', name: ownName(taken), naming: 'none' }
  const free = freeNames(slurm, taken, demanded)
  const among = (names: readonly string[]) => free.find(({ name }) => names.includes(name))
  const chosen = among(demanded) ?? among(hostNames) ?? free[0]
  if (chosen) return { kind: 'name', ...chosen }
  const known = new Set([...slurm.nodes.map((node) => node.name), ...namesIn(slurm.partition.nodes)])
  if (known.size < (slurm.maxNodeCount ?? 0)) {
    return { kind: 'name', name: ownName(taken.union(known)), naming: 'dynamic' }
  }
  return { kind: 'none', reason: whyNone(slurm, taken) }
}

/**
 * Names of the partition that a new host may take, in the order of choice.
 * @param demanded names that jobs wait for: they come first, even those to which Slurm has already given a job
 */
export function freeNames(slurm: SlurmNames, taken: ReadonlySet<string>, demanded: readonly string[] = []): FreeName[] {
  const wanted = new Set(demanded)
  const free: FreeName[] = []
  for (const { name, record } of candidates(slurm)) {
    if (taken.has(name)) continue
    const use = usability(record, wanted.has(name))
    if (use.free) free.push({ name, naming: use.naming })
  }
  const rank = (name: FreeName) => (wanted.has(name.name) ? -1 : preference.indexOf(name.naming))
  return free.sort((a, b) => rank(a) - rank(b))
}

/**
 * Whether and how a new host may take a node's name; if not, why.
 * @param node undefined: slurmctld names it in its partition and does not show it, as 22.05 and older do with CLOUD
 *   names that are powered down
 */
function usability(
  node: NodeRecord | undefined,
  demanded = false,
): { free: true; naming: FreeName['naming'] } | { free: false; why: string } {
  if (!node) return { free: true, naming: 'cloud' }
  const { state } = node
  const held = isDrain(state) || isDown(state) || hasFlag(state, 'FAIL')
  if (held && reasonOwner(node.reason) === 'person') return { free: false, why: 'set down or drained by a person' }
  if (hasFlag(state, 'MAINTENANCE') || hasFlag(state, 'RESERVED')) return { free: false, why: 'reserved' }
  if (isFuture(state)) return { free: true, naming: 'future' }
  if (isDynamic(state)) return { free: false, why: 'a dynamic node' }
  if (isCloud(state)) {
    if (isRegistered(state) && !isDown(state)) return { free: false, why: 'has a host' }
    if (isBusy(state) && !demanded) return { free: false, why: 'has jobs' }
    if (hasFlag(state, 'POWERING_DOWN')) return { free: false, why: 'powering down' }
    return { free: true, naming: 'cloud' }
  }
  if (isDown(state)) return { free: true, naming: 'static' }
  if (state.base === 'UNKNOWN') {
    // A plain name that never had a host stays like this for good (seen on 24.11); one with a host answers soon.
    return hasFlag(state, 'NOT_RESPONDING')
      ? { free: true, naming: 'static' }
      : { free: false, why: 'not heard of yet' }
  }
  return { free: false, why: 'has a host' }
}

/** The partition's names in the order of its node list, then those that only their records place there. */
function candidates({ partition, nodes }: SlurmNames): { name: string; record: NodeRecord | undefined }[] {
  const records = new Map(nodes.map((node) => [node.name, node]))
  const members = nodes.filter((node) => node.partitions.includes(partition.name)).map((node) => node.name)
  const names = new Set([...namesIn(partition.nodes), ...members])
  return [...names].map((name) => ({ name, record: records.get(name) }))
}

/** `<pool>-001` and so on: the first number that nobody uses. */
function nextName(pool: string, used: ReadonlySet<string>): string {
  for (let number = 1; ; number++) {
    const name = `${pool}-${String(number).padStart(3, '0')}`
    if (!used.has(name)) return name
  }
}

function whyNone(slurm: SlurmNames, taken: ReadonlySet<string>): string {
  const all = candidates(slurm)
  const counts = new Map<string, number>()
  for (const { name, record } of all) {
    const use = usability(record)
    const why = taken.has(name) ? 'in use by this fleet' : use.free ? 'free' : use.why
    counts.set(why, (counts.get(why) ?? 0) + 1)
  }
  const tally = [...counts].map(([why, count]) => `${count} ${why}`).join(', ')
  const names =
    all.length === 0
      ? `partition "${slurm.partition.name}" has no node names`
      : `none of the ${all.length} node names of partition "${slurm.partition.name}" is free (${tally})`
  const dynamic = slurm.maxNodeCount
    ? `MaxNodeCount=${slurm.maxNodeCount} is used up`
    : 'dynamic nodes are off (MaxNodeCount is not set)'
  return `${names}; ${dynamic}; add names to slurm.conf, or set MaxNodeCount`
}
