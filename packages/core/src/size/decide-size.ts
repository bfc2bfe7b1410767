import { counted } from '../count-words.ts'
import { formatDuration } from '../duration.ts'
import type { PoolMemory } from '../pool/pool.ts'
import type { PoolSpec } from '../pool/pool-spec.ts'
import type { AutoscalerAnswer } from './autoscalers.ts'
import type { PoolMember } from './members.ts'

export interface SizeInput {
  spec: Pick<PoolSpec, 'minNodes' | 'maxNodes' | 'cooldownMs'>
  memory: Pick<PoolMemory, 'lastScaleUpAt' | 'lastScaleDownAt' | 'manualSize'>
  members: readonly PoolMember[]
  /** Undefined: the pool has no autoscaler and keeps its minimum. */
  answer?: AutoscalerAnswer
  /** Names without a host that jobs wait for by name. */
  demandedNames: readonly string[]
  /** ms since the epoch. */
  now: number
}

/** `names` come first; the rest of `count` take whatever name is free. */
export type SizeAction = { kind: 'provision'; count: number; names: string[] } | { kind: 'scale-down'; nodes: string[] }

/**
 * Why the pool is not at the size that was asked for:
 * - `at-max`, `at-min`: its limits
 * - `cooldown`: too soon after the last change of this direction
 * - `no-idle-node`: nothing can be given up without harm
 * - `cannot-tell`: the autoscaler has no data
 */
export type SizeBlock = 'at-max' | 'at-min' | 'cooldown' | 'no-idle-node' | 'cannot-tell'

export interface SizeDecision {
  /** Nodes in service now, those being made included. */
  from: number
  /** Nodes wanted, within the limits. */
  wanted: number
  /** Nodes in service when the actions are done. */
  to: number
  actions: SizeAction[]
  /** Why this size is wanted. */
  reason: string
  blocked?: SizeBlock
  /** What `blocked` means here, for people. */
  blockedReason?: string
}

/**
 * Decides what to do about a pool's size.
 *
 * - Nodes that are out of service count towards the maximum, since their machines exist, but serve no demand.
 * - Below the minimum, nodes are added at once; so are names that Slurm gave to jobs. An operator's size knows no cooldown.
 * - Only nodes that Slurm calls idle are given up, and only while as many as wanted stay without those being made.
 */
export function decideSize(input: SizeInput): SizeDecision {
  const { spec, members } = input
  const from = members.filter((member) => member.service === 'in' || member.service === 'coming').length
  const target = targetOf(input, from)
  const wanted = Math.min(Math.max(target.size, spec.minNodes), spec.maxNodes)
  const limited = target.blocked ?? (target.size > wanted ? 'at-max' : target.size < wanted ? 'at-min' : undefined)
  const base = { from, wanted, reason: target.reason }
  const names = missingNames(input)
  if (wanted > from || names.length > 0) {
    const growth = grow(input, { from, wanted, names, manual: target.manual })
    if (growth.actions.length > 0 || wanted > from) {
      const to = from + added(growth.actions)
      const reason = to <= spec.minNodes && from < to ? `below minimum: ${from} < ${spec.minNodes}` : target.reason
      return withBlock({ ...base, actions: growth.actions, to, reason }, growth.blocked ?? limited, input)
    }
  }
  if (wanted < from) {
    const shrinkage = shrink(input, { from, wanted, manual: target.manual })
    const to = from - shrinkage.inService
    return withBlock({ ...base, actions: shrinkage.actions, to }, shrinkage.blocked, input)
  }
  return withBlock({ ...base, actions: [], to: from }, limited, input)
}

interface Target {
  size: number
  reason: string
  manual: boolean
  blocked?: SizeBlock
}

function targetOf({ memory, answer, spec }: SizeInput, from: number): Target {
  if (memory.manualSize !== undefined) {
    return { size: memory.manualSize, reason: `an operator asked for ${memory.manualSize}`, manual: true }
  }
  if (!answer) return { size: spec.minNodes, reason: 'no autoscaler: the pool keeps min_nodes', manual: false }
  if (answer.wanted === undefined) return { size: from, reason: answer.reason, manual: false, blocked: 'cannot-tell' }
  return { size: answer.wanted, reason: answer.reason, manual: false }
}

/** Names that jobs were given and that nobody is making yet. A pool without an autoscaler does not grow for them. */
function missingNames({ answer, demandedNames, members, memory }: SizeInput): string[] {
  if (!answer || memory.manualSize !== undefined) return []
  const present = new Set(members.map((member) => member.id))
  return [...new Set(demandedNames)].filter((name) => !present.has(name))
}

function grow(
  input: SizeInput,
  plan: { from: number; wanted: number; names: readonly string[]; manual: boolean },
): { actions: SizeAction[]; blocked?: SizeBlock } {
  const { spec, memory, members, demandedNames, now } = input
  const room = spec.maxNodes - members.length
  const asked = Math.max(plan.wanted - plan.from, plan.names.length)
  const cooling = !plan.manual && isCooling(memory.lastScaleUpAt, spec.cooldownMs, now)
  const urgent = Math.max(spec.minNodes - plan.from, plan.names.length, 0)
  const allowed = cooling ? Math.min(asked, urgent) : asked
  const count = Math.max(0, Math.min(allowed, room))
  const blocked = count >= asked ? undefined : allowed > room ? 'at-max' : 'cooldown'
  const present = new Set(members.map((member) => member.id))
  const names = [...new Set(demandedNames)].filter((name) => !present.has(name)).slice(0, count)
  return { actions: count > 0 ? [{ kind: 'provision', count, names }] : [], ...(blocked && { blocked }) }
}

function shrink(
  input: SizeInput,
  plan: { from: number; wanted: number; manual: boolean },
): { actions: SizeAction[]; inService: number; blocked?: SizeBlock } {
  const { spec, memory, members, now } = input
  if (!plan.manual && isCooling(memory.lastScaleDownAt, spec.cooldownMs, now)) {
    return { actions: [], inService: 0, blocked: 'cooldown' }
  }
  const surplus = plan.from - plan.wanted
  const serving = members.filter((member) => member.service === 'in').length
  const spare = Math.max(0, serving - plan.wanted)
  const victims: PoolMember[] = []
  let inService = 0
  for (const member of members.filter(isGivable).toSorted(compareVictims)) {
    if (victims.length === surplus) break
    if (member.service === 'in') {
      if (inService === spare) continue
      inService++
    }
    victims.push(member)
  }
  if (victims.length === 0) return { actions: [], inService, blocked: 'no-idle-node' }
  const blocked = inService < surplus && victims.length < surplus ? 'no-idle-node' : undefined
  return {
    actions: [{ kind: 'scale-down', nodes: victims.map((member) => member.id) }],
    inService,
    ...(blocked && { blocked }),
  }
}

/**
 * It is ours, nothing runs on it, nobody holds it, and no operation works on it. A person's drain is `held`, and so is
 * never given up; nor is a host that registered by itself, whose machine we could not end.
 */
function isGivable(member: PoolMember): boolean {
  if (!member.ours || member.activity !== 'idle' || member.inOperation) return false
  return member.service === 'in' || member.status === 'cordoned' || member.status === 'unhealthy'
}

/** Cordoned ones first, then faulty ones, then the longest idle. */
function compareVictims(a: PoolMember, b: PoolMember): number {
  const rank = (member: PoolMember) => (member.status === 'cordoned' ? 0 : member.status === 'unhealthy' ? 1 : 2)
  const idle = (member: PoolMember) => member.idleSince ?? Number.MAX_SAFE_INTEGER
  return rank(a) - rank(b) || idle(a) - idle(b) || (a.id < b.id ? -1 : 1)
}

function isCooling(last: number | undefined, cooldownMs: number, now: number): boolean {
  return last !== undefined && now - last < cooldownMs
}

function added(actions: readonly SizeAction[]): number {
  return actions.reduce((sum, action) => sum + (action.kind === 'provision' ? action.count : 0), 0)
}

function withBlock(decision: SizeDecision, blocked: SizeBlock | undefined, input: SizeInput): SizeDecision {
  return blocked ? { ...decision, blocked, blockedReason: explainBlock(blocked, decision, input) } : decision
}

function explainBlock(blocked: SizeBlock, decision: Pick<SizeDecision, 'wanted' | 'from'>, input: SizeInput): string {
  const { spec, memory, now, members } = input
  switch (blocked) {
    case 'at-max':
      return `max_nodes is ${spec.maxNodes}, and ${counted(members.length, 'node')} ${members.length === 1 ? 'exists' : 'exist'}`
    case 'at-min':
      return `min_nodes is ${spec.minNodes}`
    case 'cooldown': {
      const last = decision.wanted > decision.from ? memory.lastScaleUpAt : memory.lastScaleDownAt
      const leftMs = Math.max(0, (last ?? now) + spec.cooldownMs - now)
      // Whole seconds, and never 0 while it lasts.
      return `cooldown: ${formatDuration(Math.ceil(leftMs / 1000) * 1000)} left`
    }
    case 'no-idle-node':
      return 'no more nodes are idle and free to be given up'
    case 'cannot-tell':
      return 'the autoscaler has no data, so the pool keeps its size'
  }
}
