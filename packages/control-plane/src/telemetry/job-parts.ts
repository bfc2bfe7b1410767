import type { GpuUsage, NodeUsage } from '@navarch/core/job/node-usage'
import type { JobView } from '@navarch/core/job/view-job'
import type { JobMetricsInput, JobOfMetrics, LiveNodeUsage, NodeOfMetrics } from './job-metrics-input.ts'

/** Running ones and those that have just ended, the newest run of each job, in the order of their starts. */
export function jobsToTell({ jobs, now }: JobMetricsInput, keepEndedMs: number): JobOfMetrics[] {
  const newest = new Map<string, JobOfMetrics>()
  for (const job of jobs) {
    const { state, endTime, cluster, jobId, restart } = job.view
    const told = state === 'running' || (endTime !== undefined && now - endTime <= keepEndedMs)
    const key = `${cluster}\0${jobId}`
    // The labels name the job and not its run: two runs would be one series with two values.
    if (told && restart >= (newest.get(key)?.view.restart ?? 0)) newest.set(key, job)
  }
  return [...newest.values()].sort((a, b) => (a.view.startTime ?? 0) - (b.view.startTime ?? 0))
}

/** A job's part on one node, with what is to be told of it. */
export interface Part extends Figures {
  view: JobView
  node: string
  running: boolean
  runtimeSeconds?: number
}

interface Figures {
  cpuPercent?: number | undefined
  memoryBytes?: number | undefined
  gpuPercent?: number | undefined
  gpus: PartGpu[]
}

export interface GpuValues {
  utilizationPercent?: number | undefined
  memoryUsedBytes?: number | undefined
  powerWatts?: number | undefined
  temperatureCelsius?: number | undefined
}

interface PartGpu extends GpuValues {
  uuid: string
  vendor: string
}

/** Values of GPUs now, by node and GPU. */
export type NodeGpus = ReadonlyMap<string, { labels: { node: string; gpu: string }; values: GpuValues }>

/** One GPU of one node, as a key. */
function gpuKey(node: string, uuid: string): string {
  return `${node}\0${uuid}`
}

/** By `gpuKey`, of the nodes' own readings. */
export function gpusOfNodes(nodes: readonly NodeOfMetrics[]): NodeGpus {
  return new Map(
    nodes.flatMap(({ node, gpus }) =>
      gpus.flatMap(({ uuid, ...values }) =>
        uuid === undefined ? [] : [[gpuKey(node, uuid), { labels: { node, gpu: uuid }, values }] as const],
      ),
    ),
  )
}

/** Those of the nodes' readings, and those that only jobs tell of; no parts of a GPU, whose memory is in its own already. */
export function withGpusOfJobs(ofNodes: NodeGpus, running: readonly Part[]): NodeGpus {
  const gpus = new Map(ofNodes)
  for (const { view, node, gpus: ofPart } of running) {
    const instances = new Set(view.gpus.flatMap((gpu) => (gpu.parentUuid === undefined ? [] : [gpu.uuid])))
    for (const gpu of ofPart) {
      const key = gpuKey(node, gpu.uuid)
      // A hook names instances too, and not what they are parts of.
      const isPart = instances.has(gpu.uuid) || gpu.uuid.startsWith('MIG-')
      if (!isPart && !gpus.has(key)) gpus.set(key, { labels: { node, gpu: gpu.uuid }, values: gpu })
    }
  }
  return gpus
}

/** What the job's own readings do not tell of its GPUs, their node's may. */
export function withReadingsOfNode(part: Part, ofNodes: NodeGpus): Part {
  const gpus = part.gpus.map((gpu): PartGpu => {
    const now = ofNodes.get(gpuKey(part.node, gpu.uuid))?.values
    return {
      ...gpu,
      utilizationPercent: gpu.utilizationPercent ?? now?.utilizationPercent,
      memoryUsedBytes: gpu.memoryUsedBytes ?? now?.memoryUsedBytes,
      powerWatts: gpu.powerWatts ?? now?.powerWatts,
      temperatureCelsius: gpu.temperatureCelsius ?? now?.temperatureCelsius,
    }
  })
  return { ...part, gpus, gpuPercent: part.gpuPercent ?? mean(gpus.map((gpu) => gpu.utilizationPercent)) }
}

/** A job's parts, one for each of its nodes. */
export function partsOf({ view, live }: JobOfMetrics, now: number, freshMs: number): Part[] {
  // Nobody may have told the nodes yet: then those that speak of the job have it.
  const nodes = view.nodes.length > 0 ? view.nodes : live.size > 0 ? [...live.keys()] : ['']
  const runtimeMs = view.startTime === undefined ? undefined : (view.endTime ?? now) - view.startTime
  const parts = nodes.map((node) => {
    // A job of one node may have ended as a whole.
    const final = view.usage[node] ?? (nodes.length === 1 ? view.usage[''] : undefined)
    const running = view.state === 'running' && (view.nodesRunning.includes(node) || view.nodes.length === 0)
    const heard = live.get(node)
    const fresh = running && heard && now - heard.heardAt <= freshMs ? heard : undefined
    const told = view.gpus.filter((gpu) => gpu.node === node)
    const base = {
      view,
      node,
      running,
      ...(runtimeMs !== undefined && { runtimeSeconds: Math.max(0, runtimeMs) / 1000 }),
    }
    if (final) return { ...base, ...wholeRun(final, view, runtimeMs) }
    return { ...base, ...(fresh ? present(fresh) : { gpus: told.map(({ uuid, vendor }) => ({ uuid, vendor })) }) }
  })
  return withFiguresSetByHand(parts, view)
}

function present({ usage, cpusInUse }: LiveNodeUsage): Figures {
  return {
    cpuPercent: percentOf(cpusInUse, usage.cpus),
    memoryBytes: usage.memoryBytes,
    gpuPercent: mean(usage.gpus.map((gpu) => gpu.utilization)),
    gpus: usage.gpus.map((gpu) => ({
      ...named(gpu),
      utilizationPercent: gpu.utilization,
      memoryUsedBytes: gpu.memoryBytes,
      powerWatts: gpu.last?.powerWatts,
    })),
  }
}

function wholeRun(usage: NodeUsage, view: JobView, runtimeMs = 0): Figures {
  const cpus = usage.cpus ?? (view.nodes.length === 1 ? view.allocated.cpus : undefined)
  // Slurm counts whole seconds: of a short job its agent knows more.
  const seconds = Math.max(runtimeMs, usage.until - usage.since) / 1000
  const cpusInUse = usage.cpuSeconds === undefined || seconds <= 0 ? undefined : usage.cpuSeconds / seconds
  return {
    cpuPercent: percentOf(cpusInUse, cpus),
    memoryBytes: usage.memoryMaxBytes,
    gpuPercent: mean(usage.gpus.map((gpu) => gpu.utilizationMean)),
    gpus: usage.gpus.map((gpu) => ({
      ...named(gpu),
      utilizationPercent: gpu.utilizationMean,
      memoryUsedBytes: gpu.memoryMaxBytes,
      powerWatts: gpu.powerWattsMean,
      temperatureCelsius: gpu.temperatureMax,
    })),
  }
}

function named({ uuid, vendor }: GpuUsage): PartGpu {
  return { uuid, vendor }
}

/** What a client of the API set stands for the whole job: it is told under its first node where nothing was measured. */
function withFiguresSetByHand(parts: Part[], { set }: JobView): Part[] {
  const [first, ...others] = parts
  const measured = parts.some((part) => (part.cpuPercent ?? part.memoryBytes ?? part.gpuPercent) !== undefined)
  if (!first || measured) return parts
  const memoryBytes = set.memoryUsageMb === undefined ? undefined : set.memoryUsageMb * 1024 * 1024
  return [{ ...first, cpuPercent: set.cpuUsage, memoryBytes, gpuPercent: set.gpuUsage }, ...others]
}

function percentOf(used: number | undefined, all: number | undefined): number | undefined {
  return used === undefined || !all ? undefined : Math.min(100, Math.max(0, (used / all) * 100))
}

/** Of what is known; undefined where nothing is. */
export function mean(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0) / known.length
}
