import type { FleetNodeJson } from '@navarch/api/views'
import type { FleetNode, GpuSample } from '@navarch/core/node/node'
import { type Place, placeOf } from '@navarch/core/node/place-of'
import type { Operation } from '@navarch/core/operation/operation'
import { gpuTypeOf } from '@navarch/core/overview/gpu-type'
import { type Cell, cellOf } from '@navarch/core/overview/node-cell'
import type { JobRecord } from '@navarch/slurm/job-record'
import type { NodeRecord } from '@navarch/slurm/node-record'
import { time } from '../render.ts'

/** All that one row is made of. */
export interface FleetRowInput {
  id: string
  node: FleetNode | undefined
  record: NodeRecord | undefined
  jobs: readonly JobRecord[]
  operation: Operation | undefined
  slurm: 'absent' | 'fresh' | 'stale'
  /** Where Slurm's topology has it; undefined: nowhere. */
  place: Place | undefined
  /** Age from which an agent's word is no word of the present, ms. */
  silentAfterMs: number
  /** The row as it was. */
  before: FleetNodeJson | undefined
  now: number
}

/** Load below which a GPU counts as unused where Slurm does not say, percent. */
const idlePercent = 1
/** `seen_at` is told to the minute, so that a heartbeat alone changes no row. */
const seenStepMs = 60_000

/** A node as the grid has it. Pure: the same input gives the same row. */
export function fleetRow(input: FleetRowInput): FleetNodeJson {
  const { id, node, record, jobs, operation, slurm, place, before, now } = input
  const fresh = slurm === 'fresh'
  const samples = node && isRecent(node.sampledAt, input) ? node.samples : []
  const heard = node !== undefined && isRecent(node.lastHeartbeat, input)
  const loaded = loadedGpus(samples)
  const cell = cellOf({ node, record, operation, slurm, heard, ...(loaded !== undefined && { loadedGpus: loaded }) })
  const gpus = node && node.gpus.length > 0 ? node.gpus.length : (record?.gpus ?? 0)
  return {
    id,
    pool: node?.pool || (operation?.pool ?? ''),
    partitions: [...(record?.partitions ?? [])],
    ...placeOf(node, record, place),
    type:
      node?.instanceType ||
      record?.instanceType ||
      record?.features.find((word) => !/^(?:rack|switch)/i.test(word)) ||
      '',
    gpu_type: record?.gres.find((gres) => gres.name === 'gpu')?.type ?? gpuTypeOf(node?.gpus[0]?.name ?? ''),
    gpus,
    state: cell.state,
    owner: cell.owner,
    health: node?.health ?? 'unknown',
    gpus_used: fresh ? (record?.gpusAllocated ?? null) : null,
    ...figuresOf(samples, node, gpus),
    ...loadOf(heard ? node : undefined, fresh ? record : undefined),
    jobs: fresh ? jobs.map((job) => String(job.id)).sort() : [],
    users: fresh ? [...new Set(jobs.map((job) => job.user))].sort() : [],
    xids: xidsOf(node),
    reason: cell.reason,
    operation: operation?.id ?? '',
    since: sinceOf(input, cell, before, now),
    seen_at: node?.lastHeartbeat === undefined ? null : time(Math.floor(node.lastHeartbeat / seenStepMs) * seenStepMs),
  }
}

/** Whether a record says the same as another for everything that a row shows. */
export function saysTheSame(a: NodeRecord, b: NodeRecord): boolean {
  if (a === b) return true
  return (
    a.state.base === b.state.base &&
    sameList(a.state.flags, b.state.flags) &&
    a.gpusAllocated === b.gpusAllocated &&
    a.gpus === b.gpus &&
    a.reason === b.reason &&
    sameLoad(a, b) &&
    a.instanceType === b.instanceType &&
    a.gres[0]?.type === b.gres[0]?.type &&
    sameList(a.partitions, b.partitions) &&
    sameList(a.features, b.features)
  )
}

/** What slurmd measures is a little different in each look; a row shows whole percents. */
function sameLoad(a: NodeRecord, b: NodeRecord): boolean {
  if (a.cpuLoad === b.cpuLoad && a.memoryFreeMb === b.memoryFreeMb && a.cpus === b.cpus && a.memoryMb === b.memoryMb) {
    return true
  }
  const [first, second] = [loadOf(undefined, a), loadOf(undefined, b)]
  return first.cpu_percent === second.cpu_percent && first.memory_percent === second.memory_percent
}

function sameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index])
}

/** When the row may change by age alone, ms; Infinity when it will not. */
export function ageBoundary(node: FleetNode | undefined, silentAfterMs: number, now: number): number {
  const ends = [node?.sampledAt, node?.lastHeartbeat].flatMap((at) => (at === undefined ? [] : [at + silentAfterMs]))
  return Math.min(Number.POSITIVE_INFINITY, ...ends.filter((end) => end >= now).map((end) => end + 1))
}

function isRecent(at: number | undefined, { now, silentAfterMs }: FleetRowInput): boolean {
  return at !== undefined && now - at <= silentAfterMs
}

function loadedGpus(samples: readonly GpuSample[]): number | undefined {
  let known = false
  let loaded = 0
  for (const { utilizationPercent } of samples) {
    if (utilizationPercent === undefined) continue
    known = true
    if (utilizationPercent >= idlePercent) loaded++
  }
  return known ? loaded : undefined
}

type Figures = Pick<FleetNodeJson, 'gpu_percent' | 'gpu_memory_percent' | 'temperature' | 'power'>

/** Means over the GPUs that told; power only when all of them did. One pass: it runs for every heartbeat of every node. */
function figuresOf(samples: readonly GpuSample[], node: FleetNode | undefined, gpus: number): Figures {
  const use = { sum: 0, count: 0 }
  const memory = { sum: 0, count: 0 }
  const power = { sum: 0, count: 0 }
  let hottest = Number.NEGATIVE_INFINITY
  for (const sample of samples) {
    const { utilizationPercent, memoryUsedBytes, temperatureCelsius, powerWatts } = sample
    add(use, utilizationPercent)
    add(power, powerWatts)
    if (temperatureCelsius !== undefined && temperatureCelsius > hottest) hottest = temperatureCelsius
    const total = memoryUsedBytes === undefined ? undefined : memoryOf(sample, node)
    if (total && memoryUsedBytes !== undefined) add(memory, (100 * memoryUsedBytes) / total)
  }
  return {
    gpu_percent: mean(use),
    gpu_memory_percent: mean(memory),
    temperature: hottest === Number.NEGATIVE_INFINITY ? null : Math.round(hottest),
    power: gpus > 0 && power.count >= gpus ? Math.round(power.sum / 10) * 10 : null,
  }
}

interface Sum {
  sum: number
  count: number
}

function add(sum: Sum, value: number | undefined): void {
  if (value === undefined) return
  sum.sum += value
  sum.count++
}

function mean({ sum, count }: Sum): number | null {
  return count === 0 ? null : Math.round(sum / count)
}

/** GPUs are nearly always in the order of their indexes. */
function memoryOf({ index, uuid }: GpuSample, node: FleetNode | undefined): number | undefined {
  const gpu = node?.gpus[index]
  if (gpu && (uuid === undefined ? gpu.index === index : gpu.uuid === uuid)) return gpu.memoryTotalBytes
  return node?.gpus.find((each) => (uuid === undefined ? each.index === index : each.uuid === uuid))?.memoryTotalBytes
}

/** By the agent; where there is none, by slurmd: its load average by CPU, and memory that is not free. */
function loadOf(
  node: FleetNode | undefined,
  record: NodeRecord | undefined,
): Pick<FleetNodeJson, 'cpu_percent' | 'memory_percent'> {
  const cpu = node?.load?.cpuPercent ?? percentOf(record?.cpuLoad, record?.cpus)
  const free = record?.memoryFreeMb
  const memory =
    node?.load?.memoryPercent ??
    (record && free !== undefined ? percentOf(record.memoryMb - free, record.memoryMb) : undefined)
  return {
    cpu_percent: cpu === undefined ? null : Math.round(Math.min(100, cpu)),
    memory_percent: memory === undefined ? null : Math.round(Math.min(100, Math.max(0, memory))),
  }
}

function percentOf(part: number | undefined, whole: number | undefined): number | undefined {
  return part === undefined || whole === undefined || whole <= 0 ? undefined : (100 * part) / whole
}

function xidsOf(node: FleetNode | undefined): number[] {
  if (!node || node.findings.length === 0) return []
  const xids = node.findings.flatMap((finding) => finding.xid ?? [])
  return [...new Set(xids)].sort((a, b) => a - b)
}

/** What says when the state began: the evidence of the state itself, else the moment at which it was first seen so. */
function sinceOf(input: FleetRowInput, { state }: Cell, before: FleetNodeJson | undefined, now: number): string | null {
  if (before?.state === state && before.since !== null) return before.since
  const { node, record, operation, slurm } = input
  const seen = slurm === 'fresh' ? record : undefined
  const evidence =
    state === 'powering'
      ? operation?.createdAt
      : state === 'draining' || state === 'drained' || state === 'down'
        ? (node?.hold?.since ?? seen?.reasonAt)
        : state === 'idle' && before === undefined
          ? seen?.lastBusyTime
          : undefined
  return time(Math.min(evidence ?? now, now))
}
