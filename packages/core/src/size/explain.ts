import { counted } from '../count-words.ts'
import type { Demand, JobDemand } from '../demand/count-demand.ts'
import type { PoolSize } from '../pool/pool.ts'
import type { PoolSpec } from '../pool/pool-spec.ts'
import type { AutoscalerAnswer } from './autoscalers.ts'
import type { SizeDecision } from './decide-size.ts'
import type { Activity, PoolMember, Service } from './members.ts'
import { poolSize } from './pool-size.ts'

export interface ExplainInput {
  spec: Pick<PoolSpec, 'name' | 'minNodes' | 'maxNodes'>
  /** Absent: the pool has none now. */
  partition?: string
  members: readonly PoolMember[]
  decision: SizeDecision
  /** Absent: Slurm's queue cannot be told. */
  demand?: Demand
  /** Absent: the pool has no autoscaler. */
  answer?: AutoscalerAnswer
}

/** Why a pool has its size: what `navarch pool explain` shows. */
export interface PoolExplanation {
  pool: string
  partition?: string
  size: PoolSize
  /** The chain from the queue to the size, one sentence each. */
  lines: string[]
  autoscaler?: AutoscalerAnswer
  jobs: JobDemand[]
  nodes: { id: string; service: Service; activity: Activity }[]
  unknownReasons: Record<string, number>
}

/** Puts together what a decision was made from. Decides nothing itself. */
export function explainPool(input: ExplainInput): PoolExplanation {
  const { spec, members, decision, demand, answer, partition } = input
  return {
    pool: spec.name,
    ...(partition !== undefined && { partition }),
    size: poolSize(spec, members, decision.wanted),
    lines: linesOf(input),
    ...(answer && { autoscaler: answer }),
    jobs: demand?.jobs ?? [],
    nodes: members.map(({ id, service, activity }) => ({ id, service, activity })),
    unknownReasons: demand?.unknownReasons ?? {},
  }
}

function linesOf({ spec, members, decision, demand, answer }: ExplainInput): string[] {
  const lines: string[] = []
  if (demand) {
    const waiting = demand.jobs.filter((job) => job.kind === 'pending')
    const taken = waiting.filter((job) => job.copies > 0).length
    const entries = counted(waiting.length, 'pending entry', 'pending entries')
    lines.push(
      `${taken} of ${entries} of the queue ${taken === 1 ? 'counts' : 'count'}, for ${counted(demand.pendingNodes, 'node')}; started jobs hold ${demand.runningNodes}`,
    )
  }
  if (demand?.names.length) lines.push(`jobs wait for ${demand.names.join(', ')} by name`)
  if (answer) lines.push(`${answer.type}: ${answer.wanted ?? 'cannot tell'} (${answer.reason})`)
  lines.push(`wanted ${decision.wanted} of ${spec.minNodes} to ${spec.maxNodes}: ${decision.reason}`)
  const out = members.filter((member) => member.service === 'out').length
  lines.push(`${counted(decision.from, 'node')} in service${out > 0 ? `, ${out} out of service` : ''}`)
  for (const action of decision.actions) {
    lines.push(action.kind === 'provision' ? `adding ${action.count}` : `giving up ${action.nodes.join(', ')}`)
  }
  if (decision.blockedReason) lines.push(`held back: ${decision.blockedReason}`)
  return lines
}
