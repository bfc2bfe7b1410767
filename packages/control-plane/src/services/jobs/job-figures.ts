import { isAccountedCpu } from '@navarch/core/job/efficiency'
import { type NodeUsage, type UsageSource, usageSources } from '@navarch/core/job/node-usage'
import type { JobView } from '@navarch/core/job/view-job'
import { withoutUndefined } from '@navarch/slurm/fields'
import type { LiveUsage } from './live-usages.ts'

/** Silence of an agent after which what it said is not the present any more, ms: three of its longest intervals. */
const staleMs = 60_000

/** What a run used, in percent of what it was given; what is not known of every node is left out. */
export interface JobFigures {
  /** Now while it runs, else of the whole run. */
  cpuPercent?: number
  memoryBytes?: number
  gpuPercent?: number
  /** Of the whole run so far. */
  cpuSeconds?: number
  cpuPercentMean?: number
  memoryMaxBytes?: number
  gpuPercentMean?: number
  gpuPercentMax?: number
  readings: number
  /** ms since the epoch. */
  lastReadingAt?: number
  source: UsageSource
}

/**
 * What each node's part used: what came with its end, else what its agent told last. "" is the job as a whole where a hook
 * of one node spoke for it.
 */
export function usagesOf(view: JobView, live: ReadonlyMap<string, LiveUsage>): Record<string, NodeUsage> {
  const usages: Record<string, NodeUsage> = {}
  for (const [node, { usage }] of live) usages[node] = usage
  for (const [node, usage] of Object.entries(view.usage)) usages[nodeOf(view, node)] = usage
  return usages
}

/** What was said of a job of one node as a whole was said of its node. */
function nodeOf(view: JobView, node: string): string {
  return node === '' && view.nodes.length === 1 ? (view.nodes[0] ?? '') : node
}

/** @param now ms since the epoch */
export function figuresOf(view: JobView, live: ReadonlyMap<string, LiveUsage>, now: number): JobFigures {
  const usages = usagesOf(view, live)
  const parts = partsOf(view, usages)
  const known = Object.values(usages)
  const accounted = isAccountedCpu(view, parts)
  const cpuSeconds = accounted ? view.accounted?.cpuSeconds : sum(parts, (part) => part.cpuSeconds)
  const whole = {
    cpuSeconds,
    cpuPercentMean: cpuMean(view, parts, cpuSeconds, now),
    memoryMaxBytes: sum(parts, (part) => part.memoryMaxBytes) ?? view.accounted?.maxRssBytes,
    gpuPercentMean: mean(gpusOf(known).map((gpu) => gpu.utilizationMean)),
    gpuPercentMax: most(gpusOf(known).map((gpu) => gpu.utilizationMax)),
  }
  const present =
    view.state === 'running'
      ? presentOf(view, live, now)
      : { cpuPercent: whole.cpuPercentMean, memoryBytes: whole.memoryMaxBytes, gpuPercent: whole.gpuPercentMean }
  return withoutUndefined<JobFigures>({
    ...whole,
    ...present,
    readings: known.reduce((total, usage) => total + usage.readings, 0),
    lastReadingAt: most(known.map(({ until }) => until)),
    source: accounted ? 'slurmdbd' : sourceOf(parts),
  })
}

/** The usage of every node; undefined for those of which nothing is known. */
function partsOf(view: JobView, usages: Record<string, NodeUsage>): (NodeUsage | undefined)[] {
  if (usages['']) return [usages['']]
  return view.nodes.length > 0 ? view.nodes.map((node) => usages[node]) : Object.values(usages)
}

function presentOf(
  view: JobView,
  live: ReadonlyMap<string, LiveUsage>,
  now: number,
): Pick<{ [K in keyof JobFigures]?: JobFigures[K] | undefined }, 'cpuPercent' | 'memoryBytes' | 'gpuPercent'> {
  const running = view.nodesRunning.map((node) => {
    const heard = live.get(node)
    return heard && now - heard.heardAt <= staleMs ? heard : undefined
  })
  const inUse = sum(running, (part) => part.cpusInUse)
  const cpus = sum(running, (part) => part.usage.cpus) ?? view.allocated.cpus
  const gpus = running.flatMap((part) => part?.usage.gpus ?? [])
  return {
    cpuPercent: inUse === undefined || !cpus ? undefined : percent(inUse / cpus),
    memoryBytes: sum(running, (part) => part.usage.memoryBytes),
    gpuPercent: running.includes(undefined) ? undefined : mean(gpus.map((gpu) => gpu.utilization)),
  }
}

function cpuMean(
  view: JobView,
  parts: readonly (NodeUsage | undefined)[],
  cpuSeconds: number | undefined,
  now: number,
): number | undefined {
  const cpus = view.allocated.cpus ?? sum(parts, (part) => part.cpus)
  const start = view.startTime
  if (cpuSeconds === undefined || !cpus || start === undefined) return undefined
  const until = view.endTime ?? most(parts.map((part) => part?.until)) ?? now
  // Slurm counts whole seconds: of a short job its agents know more.
  const watched = most(parts.map((part) => part && part.until - part.since)) ?? 0
  const seconds = Math.max(until - start, watched) / 1000
  return seconds > 0 ? percent(cpuSeconds / (cpus * seconds)) : undefined
}

/** The least of the nodes' sources: a figure is as good as its worst part. */
function sourceOf(parts: readonly (NodeUsage | undefined)[]): UsageSource {
  const ranks = parts.map((part) => usageSources.indexOf(part?.source ?? 'none'))
  return usageSources[Math.max(-1, ...ranks)] ?? 'none'
}

function gpusOf(usages: readonly NodeUsage[]) {
  return usages.flatMap(({ gpus }) => gpus)
}

/** Undefined as soon as one part is. */
function sum<T>(parts: readonly (T | undefined)[], value: (part: T) => number | undefined): number | undefined {
  if (parts.length === 0) return undefined
  let total = 0
  for (const part of parts) {
    const each = part === undefined ? undefined : value(part)
    if (each === undefined) return undefined
    total += each
  }
  return total
}

function mean(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length === 0 ? undefined : known.reduce((total, value) => total + value, 0) / known.length
}

function most(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length === 0 ? undefined : Math.max(...known)
}

/** Of a share; readings of two counters may add up to a little more than all. */
function percent(share: number): number {
  return Math.min(100, Math.max(0, share * 100))
}
