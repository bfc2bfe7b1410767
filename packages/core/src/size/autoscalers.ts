import { counted, isAre } from '../count-words.ts'
import type { Demand } from '../demand/count-demand.ts'
import type { NodeShape } from '../pool/node-shape.ts'
import type { AutoscalerSpec } from '../pool/pool-spec.ts'
import type { PoolCapacity } from './capacity.ts'
import { packWork } from './pack-work.ts'

export interface AutoscalerInput {
  /** Nodes in service, those being made included. */
  nodes: number
  /** Of these, nodes being made. */
  provisioning: number
  minNodes: number
  maxNodes: number
  /** What Slurm's queue asks for, or why that cannot be told (never zero for want of data). */
  queue: { demand: Demand; capacity: PoolCapacity } | { unavailable: string }
  /** Shape of a new node; undefined: not known. */
  shape?: NodeShape
  /** Mean utilisation of the pool's GPUs, percent; undefined when no recent reading came. */
  utilizationPercent?: number
}

/** An autoscaler's answer, before limits and cooldown. */
export interface AutoscalerAnswer {
  type: AutoscalerSpec['type']
  /** Nodes wanted; undefined: it cannot tell, so the pool keeps its size. */
  wanted: number | undefined
  reason: string
  /** Answers of the autoscalers below it. */
  parts: AutoscalerAnswer[]
}

/** How many nodes an autoscaler wants, and why. */
export function evaluateAutoscaler(spec: AutoscalerSpec, input: AutoscalerInput): AutoscalerAnswer {
  switch (spec.type) {
    case 'queue':
      return queueAnswer(spec.jobsPerNode, input)
    case 'slurm':
      return slurmAnswer(input)
    case 'reactive':
      return reactiveAnswer(spec, input)
    case 'composite':
      return compositeAnswer(spec, input)
    case 'scheduled':
    case 'predictive': {
      if (!spec.fallback) return { type: spec.type, wanted: undefined, reason: 'no fallback autoscaler', parts: [] }
      const answer = evaluateAutoscaler(spec.fallback, input)
      const reason = `${spec.type} is not active yet, using ${answer.type}: ${answer.reason}`
      return { type: spec.type, wanted: answer.wanted, reason, parts: [answer] }
    }
  }
}

/** (pending + running) / jobs per node, rounded up; a job of k nodes counts k. */
function queueAnswer(jobsPerNode: number, input: AutoscalerInput): AutoscalerAnswer {
  if ('unavailable' in input.queue) return cannotTell('queue', input.queue.unavailable)
  const { pendingNodes, runningNodes } = input.queue.demand
  const depth = pendingNodes + runningNodes
  const wanted = Math.ceil(depth / jobsPerNode)
  const jobs = `pending jobs ${pendingNodes}${runningNodes > 0 ? ` + running jobs ${runningNodes}` : ''}`
  const order = depth > input.nodes * jobsPerNode ? '>' : wanted < input.nodes ? '<' : '<='
  return {
    type: 'queue',
    wanted,
    reason: `${jobs} ${order} ${input.nodes} nodes * ${jobsPerNode} jobs_per_node`,
    parts: [],
  }
}

/** Packs the pending jobs onto what is free, and onto new nodes. */
function slurmAnswer(input: AutoscalerInput): AutoscalerAnswer {
  if ('unavailable' in input.queue) return cannotTell('slurm', input.queue.unavailable)
  const { demand, capacity } = input.queue
  const { used, added } = packWork(demand.work, capacity.free, input.shape)
  const jobs = demand.work.reduce((sum, item) => sum + item.copies, 0)
  const fit = `${jobs === 1 ? '1 pending job needs' : `${jobs} pending jobs need`} ${nodesNeeded(used.length, added)}`
  return {
    type: 'slurm',
    wanted: capacity.occupied + used.length + added,
    reason: `${counted(capacity.occupied, 'node')} ${isAre(capacity.occupied)} in use; ${jobs === 0 ? 'no pending jobs' : fit}${input.shape ? '' : ' (whole nodes: their shape is not known yet)'}`,
    parts: [],
  }
}

/** e.g. "1 empty and 2 new nodes" */
function nodesNeeded(empty: number, added: number): string {
  const kinds = [...(empty > 0 ? [`${empty} empty`] : []), ...(added > 0 ? [`${added} new`] : [])]
  const last = added > 0 ? added : empty
  return kinds.length === 0 ? 'no empty or new node' : `${kinds.join(' and ')} ${last === 1 ? 'node' : 'nodes'}`
}

function reactiveAnswer(
  spec: { scaleUpThreshold: number; scaleDownThreshold: number },
  input: AutoscalerInput,
): AutoscalerAnswer {
  const { utilizationPercent, nodes, provisioning, minNodes, maxNodes } = input
  if (utilizationPercent === undefined) return cannotTell('reactive', 'no recent GPU utilization')
  const answer = (wanted: number, reason: string): AutoscalerAnswer => ({ type: 'reactive', wanted, reason, parts: [] })
  const now = `utilization ${utilizationPercent.toFixed(1)}%`
  if (utilizationPercent > spec.scaleUpThreshold && nodes < maxNodes) {
    // The load that calls for a node lasts until that node is there: one call, one node.
    if (provisioning > 0) return answer(nodes, `${now}; waiting for ${counted(provisioning, 'node')} being provisioned`)
    return answer(nodes + 1, `${now} > ${spec.scaleUpThreshold}% threshold`)
  }
  if (utilizationPercent < spec.scaleDownThreshold && nodes > minNodes) {
    return answer(nodes - 1, `${now} < ${spec.scaleDownThreshold}% threshold`)
  }
  return answer(nodes, `${now}: no scaling needed`)
}

/** Those that cannot tell are skipped; while there are any, the pool is not made smaller on half the facts. */
function compositeAnswer(
  spec: Extract<AutoscalerSpec, { type: 'composite' }>,
  input: AutoscalerInput,
): AutoscalerAnswer {
  const parts = spec.autoscalers.map((child) => evaluateAutoscaler(child, input))
  const told = parts.flatMap((part) => (part.wanted === undefined ? [] : [{ wanted: part.wanted, part }]))
  const [first] = told
  if (!first) {
    const reason = parts.length === 0 ? 'no autoscalers configured' : parts.map((part) => part.reason).join('; ')
    return { type: 'composite', wanted: undefined, reason, parts }
  }
  const values = told.map((entry) => entry.wanted)
  const combined = combine(spec.mode, values)
  const partial = told.length < parts.length
  const wanted = partial ? Math.max(combined, input.nodes) : combined
  const deciding = spec.mode === 'avg' ? undefined : told.find((entry) => entry.wanted === combined)?.part.reason
  const count = partial ? `${told.length} of ${parts.length}` : `${parts.length}`
  const reason = `${spec.mode} of ${count} autoscalers: [${values.join(' ')}]${deciding ? `: ${deciding}` : ''}`
  return { type: 'composite', wanted, reason, parts }
}

function combine(mode: 'max' | 'min' | 'avg', values: readonly number[]): number {
  if (mode === 'max') return Math.max(...values)
  if (mode === 'min') return Math.min(...values)
  return Math.floor(values.reduce((sum, value) => sum + value, 0) / values.length)
}

function cannotTell(type: AutoscalerSpec['type'], reason: string): AutoscalerAnswer {
  return { type, wanted: undefined, reason, parts: [] }
}
