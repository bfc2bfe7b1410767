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
  const gpuType = gpuTypeOf(node)
  return {
    cpus: node.cpusEffective ?? node.cpus,
    memoryMb: node.memoryMb,
    gpus: node.gpus,
    ...(gpuType !== undefined && { gpuType }),
    features: node.features,
  }
}

function gpuTypeOf({ gres }: NodeRecord): string | undefined {
  const gpus = gres.filter(({ name }) => name === 'gpu')
  return gpus.every(({ type }) => type === gpus[0]?.type) ? gpus[0]?.type : undefined
}

/**
 * The shape that most nodes of a pool have; the first of those equally frequent.
 * @returns undefined when there are none, as in a pool of dynamic nodes before its first host
 */
export function commonShape(nodes: readonly NodeRecord[]): NodeShape | undefined {
  const counts = new Map<string, { shape: NodeShape; count: number }>()
  for (const node of nodes) {
    // Of what a shape is made of: nearly all nodes of a large pool have the same one.
    const key = [node.cpusEffective ?? node.cpus, node.memoryMb, node.gpus, gpuTypeOf(node), node.features].join()
    const entry = counts.get(key)
    if (entry) entry.count++
    else counts.set(key, { shape: shapeOf(node), count: 1 })
  }
  let most: { shape: NodeShape; count: number } | undefined
  for (const entry of counts.values()) if (!most || entry.count > most.count) most = entry
  return most?.shape
}
