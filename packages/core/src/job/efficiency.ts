import { withoutUndefined } from '@navarch/slurm/fields'
import type { Efficiency, GpuReport, NodeReport, ReportInput } from './job-report.ts'
import { energyOf, type GpuUsage, type NodeUsage } from './node-usage.ts'
import type { JobView } from './view-job.ts'

type Known = Pick<ReportInput, 'view' | 'usage' | 'now'>

/** What was measured by node: of two accounts of a node that of more readings. A job's usage without a node is its only node's. */
export function usageByNode({ view, usage }: Pick<ReportInput, 'view' | 'usage'>): Record<string, NodeUsage> {
  const all: Record<string, NodeUsage> = {}
  const [only, ...others] = view.nodes
  for (const [name, figures] of [...Object.entries(usage), ...Object.entries(view.usage)]) {
    const node = name || (others.length === 0 ? only : undefined)
    if (node === undefined) continue
    const before = all[node]
    if (!before || figures.readings >= before.readings) all[node] = figures
  }
  return all
}

/** From the start to the end, or to `until` while it runs, ms; undefined before the start. */
export function wallMs(view: JobView, until: number): number | undefined {
  return view.startTime === undefined ? undefined : Math.max(0, (view.endTime ?? until) - view.startTime)
}

/**
 * Time that a node's figures stand for, ms. Slurm counts whole seconds, so of a short run its agents know more.
 */
function measuredMs(view: JobView, { since, until }: NodeUsage): number {
  return Math.max(wallMs(view, until) ?? 0, until - since)
}

/**
 * How well a run used what it had, like jobstats counts it (https://github.com/PrincetonUniversity/jobstats):
 * CPU = CPU seconds / (CPUs x wall time), memory = highest use / limit, both summed over the nodes; GPU = mean utilization over time.
 *
 * CPU and memory percentages are those of the measured nodes, absolute sums are there when all nodes were measured; else they are
 * accounting's, where it has them. GPU figures are those of the measured GPUs; energy needs all.
 */
export function efficiencyOf(input: Known): Efficiency {
  const { view, now } = input
  const usage = usageByNode(input)
  const nodes = Object.entries(usage).map(([node, figures]) => nodeReport(node, figures, view))
  const wall = wallMs(view, now)
  const gpus = Object.values(usage).flatMap((figures) => figures.gpus)
  const gpuCount = view.allocated.gpus ?? (view.gpus.length || gpus.length)
  const gpuBytes = gpus.filter((gpu) => gpu.memoryMaxBytes !== undefined && gpu.memoryTotalBytes !== undefined)
  return withoutUndefined<Efficiency>({
    ...cpuOf(input, usage),
    ...memoryOf(input, usage, nodes),
    gpu: weightedMean(gpus),
    gpuMemory: percent(
      sum(gpuBytes.map((gpu) => gpu.memoryMaxBytes)),
      sum(gpuBytes.map((gpu) => gpu.memoryTotalBytes)),
    ),
    gpuHours: wall === undefined || gpuCount === 0 ? undefined : (gpuCount * wall) / 3_600_000,
    gpuIdleHours: hours(sumKnown(gpus.map(idleSecondsOf))),
    energyJoules: gpus.length >= gpuCount ? sum(gpus.map(energyOf)) : undefined,
    walltimeSeconds: wall === undefined ? undefined : wall / 1000,
    timeLimitSeconds: view.timeLimitMinutes === undefined ? undefined : view.timeLimitMinutes * 60,
  })
}

/** One report for each node of the run, in Slurm's order, measured or not. */
export function nodeReportsOf(input: Pick<ReportInput, 'view' | 'usage'>): NodeReport[] {
  const usage = usageByNode(input)
  const names = [...new Set([...input.view.nodes, ...Object.keys(usage)])]
  return names.map((node) => nodeReport(node, usage[node], input.view))
}

/** Seconds in which a GPU certainly did nothing; undefined where its utilization is not known, or was read once only. */
export function idleSecondsOf({ utilizationMax, utilizationSeconds, idleSeconds }: GpuUsage): number | undefined {
  if (utilizationMax === undefined || !utilizationSeconds) return undefined
  return utilizationMax === 0 ? utilizationSeconds : idleSeconds
}

/** Mean utilization over time of the GPUs that were measured; of single readings alone, their plain mean. */
export function weightedMean(gpus: readonly GpuUsage[]): number | undefined {
  const known = gpus.flatMap(({ utilizationMean: mean, utilizationSeconds: seconds = 0 }) =>
    mean === undefined ? [] : [{ mean, seconds }],
  )
  const total = known.reduce((all, { seconds }) => all + seconds, 0)
  if (known.length === 0) return undefined
  if (total === 0) return known.reduce((all, { mean }) => all + mean, 0) / known.length
  return known.reduce((all, { mean, seconds }) => all + mean * seconds, 0) / total
}

/** Seconds of CPU time of all nodes: measured where all were, else accounting's. */
export function cpuSecondsOf(view: JobView, usage: Readonly<Record<string, NodeUsage>>): number | undefined {
  const measured = view.nodes.length === 0 ? Object.values(usage) : view.nodes.map((node) => usage[node])
  return isAccountedCpu(view, measured)
    ? view.accounted?.cpuSeconds
    : sum(measured.map((figures) => figures?.cpuSeconds))
}

/**
 * Whether accounting's CPU time counts: where not all nodes were measured, and where it is greater than what was read of processes
 * (`proc`), for what these use after their last reading is in no file any more.
 * @param parts the figures of each node; undefined: it was not measured
 */
export function isAccountedCpu({ accounted }: JobView, parts: readonly (NodeUsage | undefined)[]): boolean {
  if (accounted?.cpuSeconds === undefined) return false
  const measured = sum(parts.map((part) => part?.cpuSeconds))
  if (measured === undefined) return true
  return parts.some((part) => part?.source === 'proc') && accounted.cpuSeconds > measured
}

function cpuOf(
  { view, now }: Known,
  usage: Readonly<Record<string, NodeUsage>>,
): { [K in 'cpu' | 'cpuSeconds' | 'cpuSecondsAllocated']: number | undefined } {
  const until = Math.min(now, ...Object.values(usage).map((figures) => figures.until))
  const measured = Object.values(usage).map((figures) => figures.until - figures.since)
  const wall = view.startTime === undefined ? undefined : Math.max(wallMs(view, until) ?? 0, ...measured)
  const allocated = view.allocated.cpus ?? sum(Object.values(usage).map(({ cpus }) => cpus))
  const cpuSecondsAllocated = wall === undefined || allocated === undefined ? undefined : (allocated * wall) / 1000
  const cpuSeconds = cpuSecondsOf(view, usage)
  if (cpuSeconds !== undefined)
    return { cpuSeconds, cpuSecondsAllocated, cpu: percent(cpuSeconds, cpuSecondsAllocated) }
  const parts = Object.values(usage).flatMap((figures) => {
    const { cpuSeconds: used, cpus } = figures
    return used === undefined || cpus === undefined ? [] : [{ used, had: (cpus * measuredMs(view, figures)) / 1000 }]
  })
  return {
    cpuSeconds,
    cpuSecondsAllocated,
    cpu: percent(sum(parts.map(({ used }) => used)), sum(parts.map(({ had }) => had))),
  }
}

function memoryOf(
  { view }: Known,
  usage: Readonly<Record<string, NodeUsage>>,
  measured: readonly NodeReport[],
): { [K in 'memory' | 'memoryMaxBytes' | 'memoryAllocatedBytes']: number | undefined } {
  const nodes = view.nodes.length || measured.length
  const complete = measured.length >= nodes
  // Accounting's value is the largest of one task: all of a job of one node, at least.
  const accounted = nodes === 1 ? view.accounted?.maxRssBytes : undefined
  const memoryMaxBytes =
    (complete ? sum(Object.values(usage).map((figures) => figures.memoryMaxBytes)) : undefined) ?? accounted
  const limits = sum(measured.map((node) => node.memoryLimitBytes))
  const memoryAllocatedBytes =
    view.allocated.memoryMb === undefined ? (complete ? limits : undefined) : view.allocated.memoryMb * 2 ** 20
  const parts = measured.filter((node) => node.memoryMaxBytes !== undefined && node.memoryLimitBytes !== undefined)
  const ofParts = percent(
    sum(parts.map((node) => node.memoryMaxBytes)),
    sum(parts.map((node) => node.memoryLimitBytes)),
  )
  return { memoryMaxBytes, memoryAllocatedBytes, memory: percent(memoryMaxBytes, memoryAllocatedBytes) ?? ofParts }
}

function nodeReport(node: string, usage: NodeUsage | undefined, view: JobView): NodeReport {
  const exit = view.exits[node]
  const seconds = usage && measuredMs(view, usage) / 1000
  const alone = view.nodes.length === 1
  const cpus = usage?.cpus ?? (alone ? view.allocated.cpus : undefined)
  const limit = usage?.memoryLimitBytes
  const accounted = alone && usage?.source === 'proc' && isAccountedCpu(view, [usage])
  const cpuSeconds = accounted ? view.accounted?.cpuSeconds : usage?.cpuSeconds
  return withoutUndefined<NodeReport>({
    node,
    source: accounted ? 'slurmdbd' : (usage?.source ?? 'none'),
    cpus,
    cpuPercent: percent(cpuSeconds, cpus === undefined || seconds === undefined ? undefined : cpus * seconds),
    cpuSeconds,
    memoryMaxBytes: usage?.memoryMaxBytes,
    memoryLimitBytes:
      limit ?? (alone && view.allocated.memoryMb !== undefined ? view.allocated.memoryMb * 2 ** 20 : undefined),
    oomKills: usage?.oomKills,
    ioStallPercent: percent(usage?.ioStallSeconds, seconds),
    memoryStallPercent: percent(usage?.memoryStallSeconds, seconds),
    exitCode: exit?.status,
    signal: exit?.signal,
    gpus: gpuReports(node, usage, view),
  })
}

/** GPUs that were measured, and those that were given and not measured. */
function gpuReports(node: string, usage: NodeUsage | undefined, view: JobView): GpuReport[] {
  const measured = usage?.gpus ?? []
  const others = view.gpus.filter((gpu) => gpu.node === node && !measured.some(({ uuid }) => uuid === gpu.uuid))
  return [
    ...measured.map((gpu) => {
      const given = view.gpus.find(({ uuid }) => uuid === gpu.uuid)
      return withoutUndefined<GpuReport>({
        uuid: gpu.uuid,
        vendor: gpu.vendor,
        index: gpu.index ?? given?.index,
        model: gpu.model ?? given?.model,
        utilizationMean: gpu.utilizationMean,
        utilizationMax: gpu.utilizationMax,
        memoryMaxBytes: gpu.memoryMaxBytes,
        memoryTotalBytes: gpu.memoryTotalBytes ?? given?.memoryTotalBytes,
        powerWattsMean: gpu.powerWattsMean,
        temperatureMax: gpu.temperatureMax,
        throttledSeconds: gpu.throttledSeconds,
        energyJoules: energyOf(gpu),
        idleSeconds: gpu.idleSeconds,
      })
    }),
    ...others.map(({ node: _node, parentUuid: _parent, ...gpu }) => gpu),
  ]
}

function percent(part: number | undefined, whole: number | undefined): number | undefined {
  return part === undefined || whole === undefined || whole <= 0 ? undefined : (part / whole) * 100
}

/** Undefined when one is, or when there is none. */
function sum(values: readonly (number | undefined)[]): number | undefined {
  return values.length === 0 || values.includes(undefined) ? undefined : sumKnown(values)
}

/** Of those that are known; undefined when none is. */
function sumKnown(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length === 0 ? undefined : known.reduce((total, value) => total + value, 0)
}

function hours(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds / 3600
}
