import type { NodeRecord } from '@navarch/slurm/node-record'

/** What one node of a pool offers to jobs. */
export interface NodeShape {
  cpus: number
  /** MiB. */
  memoryMb: number
  gpus: number
  /** e.g. "h100"; undefined when the GPUs have no type, or several. */
  gpuType?: string
  features: readonly string[]
}

/** The shape of one node, FUTURE and CLOUD names included: slurm.conf tells what they will offer. */
export function shapeOf(node: NodeRecord): NodeShape {
  const types = new Set(node.gres.filter((gres) => gres.name === 'gpu').map((gres) => gres.type))
  const [type] = types
  return {
    cpus: node.cpusEffective ?? node.cpus,
    memoryMb: node.memoryMb,
    gpus: node.gpus,
    ...(types.size === 1 && type !== undefined && { gpuType: type }),
    features: node.features,
  }
}

/**
 * The shape that most nodes of a pool have; the first of those equally frequent.
 * @returns undefined when there are none, as in a pool of dynamic nodes before its first host
 */
export function commonShape(nodes: readonly NodeRecord[]): NodeShape | undefined {
  const counts = new Map<string, { shape: NodeShape; count: number }>()
  for (const node of nodes) {
    const shape = shapeOf(node)
    const key = JSON.stringify([shape.cpus, shape.memoryMb, shape.gpus, shape.gpuType, shape.features])
    const entry = counts.get(key)
    if (entry) entry.count++
    else counts.set(key, { shape, count: 1 })
  }
  let most: { shape: NodeShape; count: number } | undefined
  for (const entry of counts.values()) if (!most || entry.count > most.count) most = entry
  return most?.shape
}
