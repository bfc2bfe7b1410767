import { gpuColumns, hostColumns, type JobSample, type SampleColumn } from '@navarch/core/job/sample-columns'
import { joinValues } from './downsample.ts'

/** Readings of one run on one node, oldest first. A node may have several: as they were read, and downsampled ones of older times. */
export interface NodeReadings {
  node: string
  samples: readonly JobSample[]
  /** Each sample stands for that many ms from its time on; undefined: for its moment. */
  stepMs?: number
  /** CPUs that the job has on the node: without them there is no `cpu_percent`. */
  cpus?: number
}

type Unit = 'percent' | 'bytes' | 'watts' | 'celsius' | 'mhz' | 'joules' | 'count' | 'bytes_per_second'

/** One line to draw, with a value for each time of the grid; null is not known. */
export interface Line {
  node: string
  /** Absent for what concerns the node's CPUs and memory. */
  gpuUuid?: string
  metric: string
  unit: Unit
  values: (number | null)[]
}

export interface Lines {
  /** ms since the epoch, `stepMs` apart; each value is about the step that begins there. */
  times: number[]
  stepMs: number
  /** By node and GPU, in the order of the tables. A line without a single value is left out. */
  lines: Line[]
}

/** How a column becomes a line: `level` shows its values, `rate` what a counter gains per second, times `scale`. */
interface LineRule {
  metric: string
  unit: Unit
  column: string
  show: 'level' | 'rate'
  /** Default 1; 'per cpu' is percent of the job's CPUs. */
  scale?: number | 'per cpu'
}

/** Of two rules for one metric the first that gives a value counts. */
const hostLines: readonly LineRule[] = [
  { metric: 'cpu_percent', unit: 'percent', column: 'cpu_seconds', show: 'rate', scale: 'per cpu' },
  { metric: 'cpu_percent', unit: 'percent', column: 'cpu_usage_percent', show: 'level' },
  { metric: 'memory_bytes', unit: 'bytes', column: 'memory_bytes', show: 'level' },
  { metric: 'memory_total_bytes', unit: 'bytes', column: 'memory_total_bytes', show: 'level' },
  { metric: 'read_bytes_per_second', unit: 'bytes_per_second', column: 'read_bytes', show: 'rate' },
  { metric: 'write_bytes_per_second', unit: 'bytes_per_second', column: 'write_bytes', show: 'rate' },
  { metric: 'cpu_stall_percent', unit: 'percent', column: 'cpu_stall_seconds', show: 'rate', scale: 100 },
  { metric: 'memory_stall_percent', unit: 'percent', column: 'memory_stall_seconds', show: 'rate', scale: 100 },
  { metric: 'io_stall_percent', unit: 'percent', column: 'io_stall_seconds', show: 'rate', scale: 100 },
  { metric: 'processes', unit: 'count', column: 'processes', show: 'level' },
  { metric: 'oom_kills', unit: 'count', column: 'oom_kills', show: 'level' },
  { metric: 'gpu_percent', unit: 'percent', column: 'gpu_usage_percent', show: 'level' },
]

const gpuLines: readonly LineRule[] = [
  { metric: 'gpu_utilization_percent', unit: 'percent', column: 'utilization_percent', show: 'level' },
  { metric: 'gpu_memory_bytes', unit: 'bytes', column: 'memory_used_bytes', show: 'level' },
  { metric: 'gpu_power_watts', unit: 'watts', column: 'power_watts', show: 'level' },
  { metric: 'gpu_temperature_celsius', unit: 'celsius', column: 'temperature_celsius', show: 'level' },
  { metric: 'gpu_sm_clock_mhz', unit: 'mhz', column: 'sm_clock_mhz', show: 'level' },
  { metric: 'gpu_throttle_reasons', unit: 'count', column: 'throttle_reasons', show: 'level' },
  { metric: 'gpu_energy_joules', unit: 'joules', column: 'energy_joules', show: 'level' },
  { metric: 'gpu_memory_utilization_percent', unit: 'percent', column: 'memory_utilization_percent', show: 'level' },
]

/**
 * Makes lines of readings, all on one grid that covers the part of the window in which there are readings.
 *
 * | metric | unit | what |
 * |---|---|---|
 * | `cpu_percent` | percent | of the CPUs that the job has on the node; as a client recorded it where nothing was measured |
 * | `memory_bytes`, `memory_total_bytes` | bytes | working set; with page cache |
 * | `read_bytes_per_second`, `write_bytes_per_second` | bytes_per_second | block devices |
 * | `cpu_stall_percent`, `memory_stall_percent`, `io_stall_percent` | percent | of the time, in which a task waited |
 * | `processes`, `oom_kills` | count | processes now; processes killed since the job's start |
 * | `gpu_percent` | percent | as a client of the API recorded it |
 * | `gpu_utilization_percent`, `gpu_memory_utilization_percent` | percent | by GPU, as all that follow |
 * | `gpu_memory_bytes`, `gpu_power_watts`, `gpu_temperature_celsius`, `gpu_sm_clock_mhz` | as named | |
 * | `gpu_throttle_reasons` | count | bit mask of all reasons in the step |
 * | `gpu_energy_joules` | joules | since the job's start |
 *
 * In a step with readings a level is their mean, for counters the last, for masks all bits; between two readings it goes straight from one
 * to the other, counters and masks stay at the first. A rate is what the counter gained in the known part of the step. Between readings
 * that are more than a minute and three times the usual interval apart, nothing is known.
 *
 * @param points at most that many times, and never less than 2; steps are at least as long as the shortest usual interval of readings
 */
export function drawLines(
  readings: readonly NodeReadings[],
  window: { from: number; to: number },
  points: number,
): Lines {
  const grid = gridOf(readings, window, points)
  const lines: Line[] = []
  for (const node of new Set(readings.map((one) => one.node))) {
    const ofNode = readings
      .filter((one) => one.node === node && one.samples.length > 0)
      .sort((a, b) => (a.samples[0]?.at ?? 0) - (b.samples[0]?.at ?? 0))
    const cpus = ofNode.find((one) => one.cpus !== undefined)?.cpus
    const rows = rowsOf(ofNode)
    lines.push(...linesOf(rows.host, hostColumns, hostLines, cpus, grid).map((line) => ({ node, ...line })))
    for (const [gpuUuid, gpuRows] of rows.gpus) {
      const drawn = linesOf(gpuRows, gpuColumns, gpuLines, cpus, grid)
      lines.push(...drawn.map((line) => ({ node, gpuUuid, ...line })))
    }
  }
  return { ...grid, lines }
}

interface Grid {
  times: number[]
  stepMs: number
}

/** Steps that people find easy to read, seconds; longer ones are whole days. */
const niceSeconds = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200]
const dayMs = 86_400_000

function gridOf(readings: readonly NodeReadings[], window: { from: number; to: number }, points: number): Grid {
  const known = readings.filter(({ samples }) => samples.length > 0)
  const first = Math.min(...known.map(({ samples }) => samples[0]?.at ?? 0))
  const last = Math.max(...known.map(({ samples, stepMs = 1 }) => (samples.at(-1)?.at ?? 0) + stepMs - 1))
  const from = Math.max(window.from, first)
  const to = Math.min(window.to, last)
  const shortest = Math.min(...known.map(usualIntervalMs))
  const count = (stepMs: number) => Math.floor(to / stepMs) - Math.floor(from / stepMs) + 1
  // A little shorter than the usual interval will do: timers are a few ms off.
  const fits = (stepMs: number) => stepMs * 1.2 > shortest && count(stepMs) <= Math.max(2, points)
  if (known.length === 0 || from > to) return { times: [], stepMs: 1000 }
  let stepMs = niceSeconds.map((seconds) => seconds * 1000).find(fits) ?? dayMs
  while (!fits(stepMs)) stepMs += dayMs
  const begin = Math.floor(from / stepMs) * stepMs
  return { times: Array.from({ length: count(stepMs) }, (_, at) => begin + at * stepMs), stepMs }
}

/** The median time between readings. */
function usualIntervalMs({ samples, stepMs }: NodeReadings): number {
  if (stepMs !== undefined) return stepMs
  const intervals = new Float64Array(Math.max(0, samples.length - 1))
  for (let at = 0; at < intervals.length; at++) intervals[at] = (samples[at + 1]?.at ?? 0) - (samples[at]?.at ?? 0)
  return intervals.sort()[intervals.length >> 1] ?? 0
}

/** One moment of a node's host or of a GPU. */
interface Row {
  at: number
  values: readonly number[]
  list: ReadingList
}

interface ReadingList {
  stepMs: number
  /** Over what time to its neighbours something is known. */
  gapMs: number
}

const shortestGapMs = 60_000

function rowsOf(readings: readonly NodeReadings[]): { host: Row[]; gpus: Map<string, Row[]> } {
  const host: Row[] = []
  const gpus = new Map<string, Row[]>()
  for (const one of readings) {
    const list = { stepMs: one.stepMs ?? 0, gapMs: Math.max(shortestGapMs, 3 * usualIntervalMs(one)) }
    for (const sample of one.samples) {
      host.push({ at: sample.at, values: sample.host, list })
      for (const { uuid, values } of sample.gpus) {
        const row = { at: sample.at, values, list }
        const rows = gpus.get(uuid)
        if (rows) rows.push(row)
        else gpus.set(uuid, [row])
      }
    }
  }
  return { host, gpus }
}

function linesOf(
  rows: readonly Row[],
  columns: readonly SampleColumn[],
  rules: readonly LineRule[],
  cpus: number | undefined,
  grid: Grid,
): Omit<Line, 'node'>[] {
  const lines = new Map<string, Omit<Line, 'node'>>()
  for (const rule of rules) {
    const scale = rule.scale === 'per cpu' ? 100 / (cpus || Number.NaN) : (rule.scale ?? 1)
    if (lines.has(rule.metric) || Number.isNaN(scale)) continue
    const values = valuesOf(trackOf(rows, rule, columns), rule, scale, grid)
    if (values.every((value) => value === null)) continue
    lines.set(rule.metric, { metric: rule.metric, unit: rule.unit, values })
  }
  return [...lines.values()]
}

/** The known values of one column, by time. */
interface Track {
  column: SampleColumn
  times: Float64Array
  values: Float64Array
  lists: ReadingList[]
}

function trackOf(rows: readonly Row[], rule: LineRule, columns: readonly SampleColumn[]): Track {
  const number = columns.findIndex(({ name }) => name === rule.column)
  const column = columns[number] ?? { name: rule.column, step: 1, kind: 'gauge' }
  const times = new Float64Array(rows.length)
  const known = new Float64Array(rows.length)
  const lists: ReadingList[] = []
  // A mean is about the middle of its step, the last of a counter about its end.
  const share = column.kind === 'counter' ? 1 : 0.5
  let last = Number.NEGATIVE_INFINITY
  for (const { at, values, list } of rows) {
    const value = values[number]
    const time = at + list.stepMs * share
    if (value === undefined || !Number.isFinite(value) || time < last) continue
    last = time
    times[lists.length] = time
    known[lists.length] = value
    lists.push(list)
  }
  return { column, times: times.subarray(0, lists.length), values: known.subarray(0, lists.length), lists }
}

/** Whether something is known between the value at `at` and the one before it. */
function isBridged({ times, lists }: Track, at: number): boolean {
  const longest = Math.max(lists[at - 1]?.gapMs ?? 0, lists[at]?.gapMs ?? 0)
  return (times[at] ?? Number.NaN) - (times[at - 1] ?? Number.NaN) <= longest
}

function valuesOf(track: Track, rule: LineRule, scale: number, grid: Grid): (number | null)[] {
  let from = 0
  return grid.times.map((begin) => {
    const end = begin + grid.stepMs
    while ((track.times[from + 1] ?? end) < begin) from++
    const value = rule.show === 'rate' ? gain(track, from, begin, end) : level(track, from, begin, end)
    if (value === undefined) return null
    if (rule.show === 'level') return value
    return rule.unit === 'percent' ? Math.min(100, value * scale) : value * scale
  })
}

/** @param from the last value before the step, where there is one */
function level(track: Track, from: number, begin: number, end: number): number | undefined {
  const { column, times, values } = track
  const inside: number[] = []
  let at = from
  for (; (times[at] ?? end) < end; at++) {
    if ((times[at] ?? begin) >= begin) inside.push(values[at] ?? Number.NaN)
  }
  if (inside.length > 0) return joinValues(column, inside)
  const [before = Number.NaN, after = Number.NaN] = [times[at - 1], times[at]]
  const [low = Number.NaN, high = Number.NaN] = [values[at - 1], values[at]]
  if (!isBridged(track, at)) return undefined
  if (column.kind === 'counter' || column.name === 'throttle_reasons') return low
  return low + ((high - low) * ((begin + end) / 2 - before)) / (after - before)
}

/**
 * What a counter gains per second. A counter that falls has begun anew: that time is not known; nor is it between lists, as nobody knows
 * when in its step the last value of a downsampled one was read.
 */
function gain(track: Track, from: number, begin: number, end: number): number | undefined {
  const { times, values, lists } = track
  let gained = 0
  let covered = 0
  for (let at = from + 1; at < times.length; at++) {
    const [before = 0, after = 0] = [times[at - 1], times[at]]
    if (before >= end) break
    const growth = (values[at] ?? 0) - (values[at - 1] ?? 0)
    const part = Math.min(after, end) - Math.max(before, begin)
    if (part <= 0 || growth < 0 || lists[at] !== lists[at - 1] || !isBridged(track, at)) continue
    gained += (growth * part) / (after - before)
    covered += part
  }
  return covered > 0 ? (gained / covered) * 1000 : undefined
}
