import type { GpuUsage, NodeUsage } from './node-usage.ts'
import type { HostReading, JobGpuReading, JobReading } from './reading.ts'

/** Nobody knows what a GPU did in a longer time without a reading. */
export const longestGapMs = 300_000

/**
 * Bits of clocks_event_reasons.active that tell of heat or power: HW slowdown, SW thermal, HW thermal, HW power brake.
 * The software's power cap (0x4) is normal under load. Source: nvml.h, nvmlClocksEventReasons.
 */
const throttleBits = 0x8 | 0x20 | 0x40 | 0x80

/**
 * Adds a reading to what a job has used on a node.
 *
 * - Counters (CPU, bytes, stalls, kills) are the reading's own; they never fall, and what a reading does not tell stays.
 * - Maxima are those of the readings, of the kernel where it keeps one.
 * - Between two readings of a GPU its values go straight from one to the other: means, summed power and throttled time
 *   follow by the trapezoid rule, so that a reading on that line changes nothing. It was idle where both ends show 0 %.
 * - Energy is the driver's counter where it has one, else power summed up over time.
 *
 * A reading that is not later than the last one changes nothing.
 */
export function addReading(usage: NodeUsage | undefined, reading: JobReading): NodeUsage {
  if (usage && reading.at <= usage.until) return usage
  const { at, host } = reading
  const seen = new Map(reading.gpus.map((gpu) => [gpu.uuid, gpu]))
  const known = usage?.gpus ?? []
  const news = reading.gpus.filter(({ uuid }) => !known.some((gpu) => gpu.uuid === uuid))
  // What is held now is this reading's or nobody's: an old value must not look like the present.
  const { memoryBytes: _held, ...before } = usage ?? { gpus: [] }
  return {
    ...before,
    // A reading of GPUs alone says nothing of where the host's figures come from.
    source: reading.source === 'none' ? (usage?.source ?? 'none') : reading.source,
    since: usage?.since ?? at,
    until: at,
    readings: (usage?.readings ?? 0) + 1,
    ...present(host, ['cpus', 'memoryBytes', 'memoryLimitBytes']),
    ...highest(usage, {
      ...present(host, counters),
      memoryMaxBytes: host.memoryBytes,
      memoryPeakBytes: host.memoryPeakBytes ?? host.memoryTotalBytes,
      processesMax: host.processes,
    }),
    gpus: [
      ...known.map((gpu) => addGpuReading(gpu, seen.get(gpu.uuid), at)),
      ...news.map((gpu) => addGpuReading(undefined, gpu, at)),
    ],
  }
}

const counters = [
  'cpuSeconds',
  'cpuUserSeconds',
  'cpuSystemSeconds',
  'oomKills',
  'readBytes',
  'writeBytes',
  'cpuStallSeconds',
  'memoryStallSeconds',
  'ioStallSeconds',
] as const satisfies readonly (keyof HostReading & keyof NodeUsage)[]

function addGpuReading(usage: GpuUsage, gpu: JobGpuReading | undefined, at: number): GpuUsage
function addGpuReading(usage: GpuUsage | undefined, gpu: JobGpuReading, at: number): GpuUsage
function addGpuReading(usage: GpuUsage | undefined, gpu: JobGpuReading | undefined, at: number): GpuUsage {
  if (!gpu) return usage as GpuUsage
  const { utilizationPercent: utilization, powerWatts: power } = gpu
  const gapMs = at - (usage?.last?.at ?? at)
  const seconds = gapMs <= longestGapMs ? gapMs / 1000 : 0
  const throttled = gpu.throttleReasons === undefined ? undefined : (gpu.throttleReasons & throttleBits) !== 0
  const energy = addEnergy(usage, gpu, seconds)
  const utilizationMean = addToMean(
    { mean: usage?.utilizationMean, seconds: usage?.utilizationSeconds, last: usage?.utilization },
    utilization,
    seconds,
  )
  const powerMean = addToMean(
    { mean: usage?.powerWattsMean, seconds: usage?.powerSeconds, last: usage?.last?.powerWatts },
    power,
    seconds,
  )
  const { utilization: _old, memoryBytes: _held, idleSeconds, ...rest } = usage ?? startOf(gpu)
  return {
    ...rest,
    ...present(gpu, ['index', 'model', 'memoryBytes', 'memoryTotalBytes']),
    readings: rest.readings + 1,
    ...(utilization !== undefined && {
      utilization,
      idleSeconds: utilization > 0 ? 0 : idleAfter(usage?.utilization, idleSeconds, gapMs),
    }),
    ...(utilizationMean && { utilizationMean: utilizationMean.mean, utilizationSeconds: utilizationMean.seconds }),
    ...(powerMean && { powerWattsMean: powerMean.mean, powerSeconds: powerMean.seconds }),
    ...highest(usage, {
      utilizationMax: utilization,
      memoryMaxBytes: gpu.memoryBytes,
      powerWattsMax: power,
      temperatureMax: gpu.temperatureCelsius,
    }),
    ...(throttled !== undefined && {
      throttledSeconds: (usage?.throttledSeconds ?? 0) + halves(usage?.last?.throttled, throttled) * seconds,
    }),
    ...energy,
    last: {
      at,
      ...(power !== undefined && { powerWatts: power }),
      ...(throttled !== undefined && { throttled }),
      ...present(gpu, ['energyCounterJoules']),
    },
  }
}

function startOf({ uuid, vendor }: JobGpuReading): GpuUsage {
  return { uuid, vendor, readings: 0 }
}

/** A GPU that showed 0 % at both ends of a short enough time was idle in it. */
function idleAfter(before: number | undefined, idleSeconds: number | undefined, gapMs: number): number {
  return before === 0 && gapMs <= longestGapMs ? (idleSeconds ?? 0) + gapMs / 1000 : 0
}

/** The share of the time between two readings that counts, if it counts for half at each end. Unknown ends count as not. */
function halves(before: boolean | undefined, now: boolean): number {
  return ((before ? 1 : 0) + (now ? 1 : 0)) / 2
}

/** A mean over time with one more reading. The first reading alone is its own mean, over no time. */
function addToMean(
  before: { mean: number | undefined; seconds: number | undefined; last: number | undefined },
  now: number | undefined,
  gapSeconds: number,
): { mean: number; seconds: number } | undefined {
  if (now === undefined) return undefined
  const { mean, seconds = 0, last } = before
  if (mean === undefined) return { mean: now, seconds: 0 }
  const gap = last === undefined ? 0 : gapSeconds
  if (seconds + gap === 0) return { mean: (mean + now) / 2, seconds: 0 }
  return { mean: (mean * seconds + (((last ?? 0) + now) / 2) * gap) / (seconds + gap), seconds: seconds + gap }
}

/** The driver's counter wins for the whole run; a counter that fell (the driver was loaded anew) goes on from there. */
function addEnergy(
  usage: GpuUsage | undefined,
  { energyCounterJoules: counter, powerWatts: power }: JobGpuReading,
  seconds: number,
): Pick<GpuUsage, 'energyJoules' | 'energySource'> {
  if (counter !== undefined && (usage === undefined || usage.energySource === 'counter')) {
    const risen = counter - (usage?.last?.energyCounterJoules ?? counter)
    return { energySource: 'counter', energyJoules: (usage?.energyJoules ?? 0) + Math.max(0, risen) }
  }
  if (power === undefined || usage?.energySource === 'counter') return {}
  const before = usage?.last?.powerWatts
  const joules = before === undefined ? 0 : ((before + power) / 2) * seconds
  return { energySource: 'power', energyJoules: (usage?.energyJoules ?? 0) + joules }
}

/** The named values that are known. */
function present<T extends object, K extends keyof T>(record: T, keys: readonly K[]): Partial<Pick<T, K>> {
  const found: Partial<Pick<T, K>> = {}
  for (const key of keys) if (record[key] !== undefined) found[key] = record[key]
  return found
}

/** For each name the higher of what is kept and what came; what nobody knows is left out. */
function highest<K extends string>(
  kept: { readonly [P in NoInfer<K>]?: number } | undefined,
  came: { readonly [P in K]?: number | undefined },
): { [P in K]?: number } {
  const result: { [P in K]?: number } = {}
  for (const key of Object.keys(came) as K[]) {
    const values = [kept?.[key], came[key]].filter((value) => value !== undefined)
    if (values.length > 0) result[key] = Math.max(...values)
  }
  return result
}
