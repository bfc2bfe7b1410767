import type { Rejection } from '../pool/pool.ts'
import type { SizeAction } from './decide-size.ts'

/** A change of size that waits for approval. */
export interface SizeProposal {
  id: string
  kind: 'provision' | 'scale-down'
  node: string
}

export interface ProposalInput {
  /** What would be done now if nobody had to approve. */
  actions: readonly SizeAction[]
  /** What waits already, oldest first. */
  proposals: readonly SizeProposal[]
  /** What was rejected of this pool. */
  rejections: readonly Rejection[]
  /** ms since the epoch. */
  now: number
}

export interface ProposalDecision {
  /** New nodes to propose, and names that some of them must have. */
  provision: { count: number; names: string[] }
  /** Nodes to propose to give up. */
  scaleDown: string[]
  /** Proposals whose cause is gone, by id. */
  withdraw: string[]
  /** Rejections that hold on. */
  rejections: Rejection[]
}

/**
 * Turns a decision about a pool's size into proposals. Nothing is proposed twice; what was rejected counts as answered as long as
 * its time has not passed and its cause is there: a need of three nodes of which two were rejected is a need of one, and a
 * need that is gone frees what was rejected for it.
 */
export function decideProposals({ actions, proposals, rejections, now }: ProposalInput): ProposalDecision {
  const grow = actions.flatMap((action) => (action.kind === 'provision' ? [action] : []))
  const shrink = new Set(actions.flatMap((action) => (action.kind === 'scale-down' ? action.nodes : [])))
  const holding = rejections.filter((rejection) => now < rejection.until)

  const needed = grow.reduce((sum, { count }) => sum + count, 0)
  const rejectedGrowth = newest(ofKind(holding, 'provision'), needed)
  const wantedGrowth = needed - rejectedGrowth.length
  const openGrowth = ofKind(proposals, 'provision')
  const named = new Set(grow.flatMap(({ names }) => names))
  const taken = new Set([...openGrowth, ...rejectedGrowth].map(({ node }) => node))

  const rejectedNodes = ofKind(holding, 'scale-down').filter(({ node }) => shrink.has(node))
  const openShrinkage = ofKind(proposals, 'scale-down')
  const answered = new Set([...openShrinkage, ...rejectedNodes].map(({ node }) => node))

  return {
    provision: {
      count: Math.max(0, wantedGrowth - openGrowth.length),
      names: [...named].filter((name) => !taken.has(name)),
    },
    scaleDown: [...shrink].filter((node) => !answered.has(node)),
    withdraw: [
      // The newest go first: people may be looking at the others.
      ...openGrowth.slice(wantedGrowth),
      ...openShrinkage.filter(({ node }) => !shrink.has(node)),
    ].map(({ id }) => id),
    rejections: [
      ...holding.filter(({ kind }) => kind !== 'provision' && kind !== 'scale-down'),
      ...rejectedGrowth,
      ...rejectedNodes,
    ],
  }
}

function ofKind<T extends { kind: string }>(all: readonly T[], kind: string): T[] {
  return all.filter((one) => one.kind === kind)
}

function newest(rejections: readonly Rejection[], most: number): Rejection[] {
  return [...rejections].sort((a, b) => b.at - a.at).slice(0, most)
}

/** Whether a person has said no to this very thing not long ago. */
export function isRejected(
  rejections: readonly Rejection[],
  wanted: Pick<Rejection, 'kind' | 'node' | 'cause'>,
  now: number,
): boolean {
  return rejections.some(
    ({ kind, node, cause, until }) =>
      kind === wanted.kind && node === wanted.node && cause === wanted.cause && now < until,
  )
}
