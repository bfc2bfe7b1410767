import { gpuColumns, hostColumns, type JobSample } from '@navarch/core/job/sample-columns'
import { withoutUndefined } from '@navarch/slurm/fields'
import type { NodeSeries } from '../../store/job-store.ts'

/** A whole job at one moment. */
export interface MetricSample {
  /** ms since the epoch. */
  at: number
  /** Percent of the job's CPUs. */
  cpuPercent: number
  memoryMb: number
  gpuPercent?: number
}

/** What clients of the API recorded of a job. */
export interface RecordedFigures {
  count: number
  lastAt: number
  /** The latest. */
  cpuPercent: number
  memoryMb: number
  gpuPercent?: number
  cpuPercentMean: number
  cpuPercentMax: number
  memoryMbMax: number
  gpuPercentMean?: number
  gpuPercentMax?: number
}

const mebibyte = 1_048_576
/** Readings of several nodes that are at most this far apart are one moment, ms: the agents' longest interval. */
const momentMs = 15_000

const host = Object.fromEntries(hostColumns.map(({ name }, index) => [name, index])) as Record<
  (typeof hostColumns)[number]['name'],
  number
>
const utilization = gpuColumns.findIndex(({ name }) => name === 'utilization_percent')

/** The reading that a client of the API records. Its node is "". */
export function sampleOfRecord({ at, cpuPercent, memoryMb, gpuPercent }: MetricSample): JobSample {
  const values = new Array<number>(hostColumns.length).fill(Number.NaN)
  values[host.memory_bytes] = memoryMb * mebibyte
  values[host.cpu_usage_percent] = cpuPercent
  values[host.gpu_usage_percent] = gpuPercent ?? Number.NaN
  return { at, host: values, gpus: [] }
}

/**
 * A job's readings as samples of the whole job, oldest first: what was recorded by hand as it is, and what agents read summed
 * over the nodes. Moments of which not all is known are left out.
 * @param cpus CPUs of the whole job
 * @param start ms; CPU seconds count from it
 */
export function metricSamplesOf(
  series: readonly NodeSeries[],
  { cpus, start }: { cpus: number | undefined; start: number | undefined },
): MetricSample[] {
  const recorded = series.filter(({ node }) => node === '').flatMap(({ samples }) => samples.flatMap(recordedSample))
  const nodes = series.filter(({ node, samples }) => node !== '' && samples.length > 0)
  const measured = cpus === undefined ? [] : measuredSamples(nodes, cpus, start)
  return [...recorded, ...measured].sort((a, b) => a.at - b.at)
}

/** Undefined when nothing was recorded. */
export function recordedFigures(samples: readonly MetricSample[]): RecordedFigures | undefined {
  const last = samples.at(-1)
  if (!last) return undefined
  const cpu = samples.map(({ cpuPercent }) => cpuPercent)
  const gpu = samples.flatMap(({ gpuPercent }) => (gpuPercent === undefined ? [] : [gpuPercent]))
  return withoutUndefined<RecordedFigures>({
    count: samples.length,
    lastAt: last.at,
    cpuPercent: last.cpuPercent,
    memoryMb: last.memoryMb,
    gpuPercent: last.gpuPercent,
    cpuPercentMean: mean(cpu),
    cpuPercentMax: highest(cpu),
    memoryMbMax: highest(samples.map(({ memoryMb }) => memoryMb)),
    gpuPercentMean: gpu.length > 0 ? mean(gpu) : undefined,
    gpuPercentMax: gpu.length > 0 ? highest(gpu) : undefined,
  })
}

function recordedSample({ at, host: values }: JobSample): MetricSample[] {
  const cpuPercent = known(values[host.cpu_usage_percent])
  const memory = known(values[host.memory_bytes])
  const gpuPercent = known(values[host.gpu_usage_percent])
  if (cpuPercent === undefined || memory === undefined) return []
  return [withoutUndefined<MetricSample>({ at, cpuPercent, memoryMb: memory / mebibyte, gpuPercent })]
}

/** One node at one moment. */
interface NodePoint {
  at: number
  cpusInUse: number
  memoryBytes: number
  gpus: number[]
}

function measuredSamples(series: readonly NodeSeries[], cpus: number, start: number | undefined): MetricSample[] {
  const single = series.length === 1
  const moments = new Map<number, NodePoint[]>()
  for (const { samples } of series) {
    const ofMoment = new Map<number, NodePoint>()
    for (const point of pointsOf(samples, start)) {
      ofMoment.set(single ? point.at : Math.floor(point.at / momentMs) * momentMs, point)
    }
    for (const [moment, point] of ofMoment) moments.set(moment, [...(moments.get(moment) ?? []), point])
  }
  return [...moments].flatMap(([moment, points]) => {
    const expected = series.filter(
      ({ samples }) => (samples[0]?.at ?? 0) < moment + momentMs && (samples.at(-1)?.at ?? 0) >= moment,
    )
    if (points.length < expected.length) return []
    const gpus = points.flatMap((point) => point.gpus)
    const inUse = points.reduce((total, { cpusInUse }) => total + cpusInUse, 0)
    return [
      {
        at: moment,
        cpuPercent: Math.min(100, (inUse / cpus) * 100),
        memoryMb: points.reduce((total, { memoryBytes }) => total + memoryBytes, 0) / mebibyte,
        ...(gpus.length > 0 && { gpuPercent: mean(gpus) }),
      },
    ]
  })
}

function pointsOf(samples: readonly JobSample[], start: number | undefined): NodePoint[] {
  let before = start === undefined ? undefined : { at: start, cpuSeconds: 0 }
  return samples.flatMap(({ at, host: values, gpus }) => {
    const cpuSeconds = known(values[host.cpu_seconds])
    const memoryBytes = known(values[host.memory_bytes])
    const seconds = before && (at - before.at) / 1000
    const risen = cpuSeconds === undefined || !before ? undefined : cpuSeconds - before.cpuSeconds
    if (cpuSeconds !== undefined) before = { at, cpuSeconds }
    if (risen === undefined || !seconds || seconds < 0 || memoryBytes === undefined) return []
    const used = gpus.flatMap(({ values }) => known(values[utilization]) ?? [])
    return [{ at, cpusInUse: Math.max(0, risen) / seconds, memoryBytes, gpus: used }]
  })
}

function known(value: number | undefined): number | undefined {
  return value === undefined || Number.isNaN(value) ? undefined : value
}

function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length
}

function highest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY)
}
