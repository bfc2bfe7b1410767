import { counted, isAre, listed } from '../count-words.ts'
import type { Todo, TroubledNode } from './overview-words.ts'

export interface TodoFacts {
  /** Operations that begin when a person says so. */
  toApprove: readonly { id: string; kind: string; node: string; pool: string; reason: string }[]
  /** Why Slurm is not seen; undefined when it is, or there is none. */
  slurmProblem: string | undefined
  troubled: readonly TroubledNode[]
  /** Nodes that serve although their agent says that they are faulty. */
  faulty: readonly { id: string; reason: string }[]
  /** What pools say is wrong. */
  pools: readonly { pool: string; message: string }[]
  /** Critical alerts that nobody silenced or took on. */
  alerts: readonly { id: string; text: string }[]
}

/** What a person must do, the most urgent first; nothing that Navarch mends by itself, nothing that a person decided. */
export function todoOf(facts: TodoFacts): Todo[] {
  const plain = { operation: '', alert: '' }
  const down = facts.troubled.filter(({ state, mending, owner }) => state === 'down' && !mending && owner !== 'person')
  const stuck = facts.troubled.filter(
    ({ state, mending, owner }) =>
      !mending && (state === 'drained' || state === 'draining') && (owner === 'navarch' || owner === 'slurm'),
  )
  return [
    ...approvals(facts.toApprove),
    ...facts.alerts.map(({ id, text }) => ({
      ...plain,
      text,
      link: `/alerts?alert=${encodeURIComponent(id)}`,
      alert: id,
    })),
    ...(facts.slurmProblem === undefined ? [] : [{ ...plain, text: facts.slurmProblem, link: '/slurm' }]),
    ...byReason(down).map(({ nodes, reason }) => ({
      ...plain,
      text: `${nodesText(nodes)} down${reason ? ` (${reason})` : ''}, and nothing is at ${it(nodes)}`,
      link: linkOf(nodes),
    })),
    ...byReason(stuck).map(({ nodes, reason, owner }) => ({
      ...plain,
      text: `${nodesText(nodes)} drained by ${owner === 'slurm' ? 'Slurm' : 'Navarch'}${reason ? ` for "${reason}"` : ''}: repair ${it(nodes)}, then return ${it(nodes)}`,
      link: linkOf(nodes),
    })),
    ...byReason(facts.faulty.map((node) => ({ ...node, owner: '' }))).map(({ nodes, reason }) => ({
      ...plain,
      text: `${nodesText(nodes)} faulty (${reason}) and still in service: drain ${it(nodes)}`,
      link: linkOf(nodes),
    })),
    ...facts.pools.map(({ pool, message }) => ({
      ...plain,
      text: `pool ${pool}: ${message}`,
      link: `/pools/${encodeURIComponent(pool)}`,
    })),
  ]
}

/** Proposals for one cause are one thing to decide; its button is the first one's. */
function approvals(operations: TodoFacts['toApprove']): Todo[] {
  const groups = Map.groupBy(operations, ({ kind, pool, node, reason }) =>
    kind === 'provision' || kind === 'scale-down' ? `${kind} ${pool} ${reason}` : `${kind} ${node}`,
  )
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    if (!first) return []
    const { kind, node, pool, reason } = first
    const what =
      group.length === 1 ? `${kind} ${node || pool}` : `${kind} of ${counted(group.length, 'node')} in ${pool}`
    const link = group.length === 1 ? `/operations/${first.id}` : '/operations?state=waiting_for_approval'
    return [{ text: `approve or reject ${what} (${reason})`, link, operation: first.id, alert: '' }]
  })
}

interface Group {
  reason: string
  owner: string
  nodes: string[]
}

/** Nodes with the same trouble are one thing to do. */
function byReason(nodes: readonly { id: string; reason: string; owner: string }[]): Group[] {
  const groups = new Map<string, Group>()
  for (const { id, reason, owner } of nodes) {
    const key = `${owner} ${reason}`
    const group = groups.get(key)
    if (group) group.nodes.push(id)
    else groups.set(key, { reason, owner, nodes: [id] })
  }
  return [...groups.values()]
}

function nodesText(nodes: readonly string[]): string {
  const names = nodes.length > 3 ? `${counted(nodes.length, 'node')} (${listed(nodes)})` : listed(nodes)
  return `${names} ${isAre(nodes.length)}`
}

function it(nodes: readonly string[]): string {
  return nodes.length === 1 ? 'it' : 'them'
}

function linkOf(nodes: readonly string[]): string {
  const [first = ''] = nodes
  return nodes.length === 1
    ? `/nodes/${encodeURIComponent(first)}`
    : `/nodes?q=${encodeURIComponent(`node:${nodes.join(',')}`)}`
}
