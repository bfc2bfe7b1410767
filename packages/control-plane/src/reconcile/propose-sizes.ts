import type { Operation } from '@navarch/core/operation/operation'
import { decideProposals, type SizeProposal } from '@navarch/core/size/decide-proposals'
import type { SizeDecision } from '@navarch/core/size/decide-size'
import type { Fleet } from '../fleet/fleet.ts'
import type { Engine } from '../operations/engine.ts'
import { isFaulty } from '../operations/status-at-rest.ts'
import type { NamesFor } from './names-for.ts'

export interface ProposeDeps {
  fleet: Fleet
  engine: Pick<Engine, 'start' | 'withdraw'>
}

/** A proposal that stands is told anew at most this often, ms: its figures may change with each look. */
const restateAfterMs = 60_000

/**
 * What a look at a pool in the mode `recommend` decided becomes operations that wait for approval; those whose cause is gone are
 * withdrawn.
 * @returns why new nodes cannot be named, if they cannot
 */
export async function proposeSizes(
  { fleet, engine }: ProposeDeps,
  pool: string,
  decision: SizeDecision,
  namesFor: NamesFor,
  now: number,
): Promise<string | undefined> {
  // Nothing is known: what was proposed when something was stays.
  if (decision.blocked === 'cannot-tell') return undefined
  const memory = fleet.poolMemory(pool)
  const rejections = memory.rejections ?? []
  const decided = decideProposals({ actions: decision.actions, proposals: sizeProposals(fleet, pool), rejections, now })
  // Before anything is waited for: a person may reject something meanwhile.
  if (decided.rejections.length < rejections.length) {
    await fleet.commit([{ kind: 'pool', memory: { ...memory, rejections: decided.rejections } }])
  }
  for (const id of decided.withdraw) await engine.withdraw(id, `not needed any more: ${decision.reason}`)
  await restate(fleet, pool, decision.reason, now)
  const { chosen, missing } = namesFor(decided.provision.count, decided.provision.names)
  for (const { name, naming } of chosen) {
    if (fleet.nodes.has(name) || fleet.operationOf(name)) continue
    await engine.start({
      kind: 'provision',
      pool,
      node: name,
      reason: reasonOf('provision', decision.reason),
      initiator: 'autoscaler',
      facts: { slurmName: naming },
      propose: true,
    })
  }
  for (const node of decided.scaleDown) {
    if (fleet.operationOf(node) || fleet.proposalOf(node)) continue
    const reason = reasonOf('scale-down', decision.reason)
    await engine.start({ kind: 'scale-down', pool, node, reason, initiator: 'autoscaler', propose: true })
  }
  return missing
}

/** Withdraws proposals that nobody would make now: of a pool that is not asked any more, or a fault that is gone. */
export async function withdrawStale(
  { fleet, engine }: ProposeDeps,
  pool: { name: string; mode: 'observe' | 'recommend' | 'act' },
): Promise<void> {
  for (const proposal of fleet.operations.values()) {
    if (proposal.pool !== pool.name || proposal.state !== 'waiting_for_approval') continue
    const why = pool.mode === 'recommend' ? staleSince(fleet, proposal) : `the pool's mode is ${pool.mode}`
    if (why !== undefined) await engine.withdraw(proposal.id, why)
  }
}

/** Why a proposal has lost its ground; undefined when it has not. Changes of size are looked at with the size. */
function staleSince(fleet: Fleet, { node: name, kind, initiator }: Operation): string | undefined {
  const node = fleet.nodes.get(name)
  if (kind === 'provision') return node ? `${name} is there` : undefined
  if (!node || node.status === 'terminated') return `${name} is gone`
  if (initiator !== 'health') return undefined
  return isFaulty(node) ? undefined : `${name} is healthy again`
}

/**
 * What still stands is proposed for the reason of now. No event tells it: it is the same proposal. All are told at once, so that
 * those of one cause stay one thing to decide.
 */
async function restate(fleet: Fleet, pool: string, reason: string, now: number): Promise<void> {
  const standing = sizeProposals(fleet, pool)
  if (!standing.some(({ updatedAt }) => now - updatedAt >= restateAfterMs)) return
  const changed = standing.filter((proposal) => proposal.reason !== reasonOf(proposal.kind, reason))
  if (changed.length === 0) return
  await fleet.commit(
    changed.map((proposal) => ({
      kind: 'operation' as const,
      operation: { ...proposal, reason: reasonOf(proposal.kind, reason), updatedAt: now },
    })),
  )
}

function reasonOf(kind: SizeProposal['kind'], reason: string): string {
  return kind === 'scale-down' ? `scaling down: ${reason}` : reason
}

function sizeProposals(fleet: Fleet, pool: string): (Operation & SizeProposal)[] {
  return [...fleet.operations.values()].filter((operation) => operation.pool === pool).filter(isSizeProposal)
}

function isSizeProposal(operation: Operation): operation is Operation & SizeProposal {
  const { kind, state } = operation
  return state === 'waiting_for_approval' && (kind === 'provision' || kind === 'scale-down')
}
