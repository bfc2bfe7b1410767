import type { JobRecord } from '@navarch/slurm/job-record'
import { counted } from '../count-words.ts'
import type { NodeShape } from '../pool/node-shape.ts'

/** What a job needs of each of its nodes, and how many nodes. */
export interface JobNeeds {
  nodes: number
  /** `memoryMb` is 0 when the job does not say, Infinity when it takes all of a node's. */
  perNode: { cpus: number; memoryMb: number; gpus: number }
  /** Whether it shares its nodes with no other job. */
  exclusive: boolean
  /** GPU types that it asks for. */
  gpuTypes: readonly string[]
}

/**
 * The nodes that a job needs of this shape: at least what it asked for, and as many as its GPUs, CPUs and memory take.
 * Slurm's own number for a pending job is only a minimum.
 * @param shape undefined: unknown, and the job's own node count is all there is
 */
export function needsOf(job: JobRecord, shape: NodeShape | undefined): JobNeeds {
  const { request } = job
  const gpus = (list: readonly { name: string; count: number }[]) =>
    list.filter((gres) => gres.name === 'gpu').reduce((sum, gres) => sum + gres.count, 0)
  const tasks = request.tasks ?? 1
  const gpusInJob = Math.max(gpus(request.gresPerJob), gpus(request.gresPerTask) * tasks, job.tres['gres/gpu'] ?? 0)
  const gpusPerNode = Math.max(gpus(request.gresPerNode), gpus(request.gresPerSocket))
  const nodes = Math.max(
    1,
    request.nodesMin,
    shape && shape.gpus > 0 ? Math.ceil(gpusInJob / shape.gpus) : 0,
    shape && shape.cpus > 0 ? Math.ceil(request.cpus / shape.cpus) : 0,
    memoryNodes(job, shape),
  )
  const cpus = Math.max(Math.ceil(request.cpus / nodes), request.minCpusPerNode ?? 0)
  const all = [...request.gresPerJob, ...request.gresPerNode, ...request.gresPerSocket, ...request.gresPerTask]
  return {
    nodes,
    perNode: {
      cpus,
      memoryMb: memoryPerNode(job, cpus),
      gpus: Math.max(gpusPerNode, Math.ceil(gpusInJob / nodes)),
    },
    exclusive: request.exclusive !== 'no',
    gpuTypes: [...new Set(all.flatMap((gres) => (gres.name === 'gpu' && gres.type !== undefined ? [gres.type] : [])))],
  }
}

/** Why no node of this shape can ever run the job; undefined when one can. */
export function whyNoFit(job: JobRecord, needs: JobNeeds, shape: NodeShape): string | undefined {
  const { perNode, gpuTypes } = needs
  const asks = (what: string, has: string | number) => `asks for ${what}; a node of this pool has ${has}`
  const foreign = gpuTypes.find((type) => shape.gpuType !== undefined && type !== shape.gpuType)
  if (foreign !== undefined) return asks(`${foreign} GPUs`, `${shape.gpuType} GPUs`)
  if (perNode.gpus > shape.gpus) return asks(`${counted(perNode.gpus, 'GPU')} per node`, shape.gpus)
  if (perNode.cpus > shape.cpus) return asks(`${counted(perNode.cpus, 'CPU')} per node`, shape.cpus)
  if (Number.isFinite(perNode.memoryMb) && perNode.memoryMb > shape.memoryMb) {
    return asks(`${perNode.memoryMb} MiB per node`, `${shape.memoryMb} MiB`)
  }
  const { nodesMax, features } = job.request
  if (nodesMax !== undefined && nodesMax >= job.request.nodesMin && needs.nodes > nodesMax) {
    return `asks for at most ${counted(nodesMax, 'node')}; its resources take ${needs.nodes} of this pool's`
  }
  if (features !== undefined && hasFeatures(features, shape.features) === false) {
    return asks(`the constraint "${features}"`, shape.features.length ? shape.features.join(',') : 'no features')
  }
  return undefined
}

/**
 * Whether nodes with these features meet a constraint of the form "a&b|c", which Slurm reads from left to right.
 * @returns undefined for counts and brackets, which depend on several nodes
 */
export function hasFeatures(constraint: string, features: readonly string[]): boolean | undefined {
  if (/[[\](){}*]/.test(constraint)) return undefined
  const words = constraint.split(/([&|,])/).map((word) => word.trim())
  let met = features.includes(words[0] ?? '')
  for (let index = 1; index + 1 < words.length; index += 2) {
    const has = features.includes(words[index + 1] ?? '')
    met = words[index] === '|' ? met || has : met && has
  }
  return met
}

function memoryPerNode(job: JobRecord, cpusPerNode: number): number {
  const { memoryPerNodeMb, memoryPerCpuMb } = job.request
  if (memoryPerNodeMb !== undefined) return memoryPerNodeMb === 0 ? Number.POSITIVE_INFINITY : memoryPerNodeMb
  return (memoryPerCpuMb ?? 0) * cpusPerNode
}

function memoryNodes(job: JobRecord, shape: NodeShape | undefined): number {
  const total = (job.request.memoryPerCpuMb ?? 0) * job.request.cpus
  return shape && shape.memoryMb > 0 ? Math.ceil(total / shape.memoryMb) : 0
}
