import { type CellState, cellStates } from './node-cell.ts'

/** What is counted of a node. */
export interface CountedNode {
  state: CellState
  gpus: number
  /** Undefined: nobody says. */
  gpusUsed?: number
}

export interface FleetCounts {
  /** Their sum is the number of nodes. */
  nodes: Record<CellState, number>
  /** Each GPU is in one of these; `total` is their sum. `broken`: out of service and without a job. */
  gpus: { total: number; busy: number; idle: number; broken: number; coming: number; unknown: number }
}

/** Counts nodes and GPUs, each once. */
export function countFleet(nodes: Iterable<CountedNode>): FleetCounts {
  const states = Object.fromEntries(cellStates.map((state) => [state, 0])) as Record<CellState, number>
  const gpus = { total: 0, busy: 0, idle: 0, broken: 0, coming: 0, unknown: 0 }
  for (const node of nodes) {
    states[node.state]++
    gpus.total += node.gpus
    const used = usedOf(node)
    if (node.state === 'powering') gpus.coming += node.gpus
    else if (used === undefined) gpus.unknown += node.gpus
    else {
      gpus.busy += used
      const rest = node.gpus - used
      if (node.state === 'down' || node.state === 'drained' || node.state === 'draining') gpus.broken += rest
      else gpus.idle += rest
    }
  }
  return { nodes: states, gpus }
}

/** GPUs that jobs have; where Slurm counts none, what the state says. */
function usedOf({ state, gpus, gpusUsed }: CountedNode): number | undefined {
  if (state === 'unknown') return undefined
  if (state === 'down' || state === 'drained') return Math.min(gpusUsed ?? 0, gpus)
  if (gpusUsed !== undefined) return Math.min(gpusUsed, gpus)
  if (state === 'busy') return gpus
  return state === 'idle' || state === 'reserved' ? 0 : undefined
}
