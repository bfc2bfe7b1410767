import type { NodeUsage, UsageSource } from './node-usage.ts'
import { gpuColumns, hostColumns, type JobSample } from './sample-columns.ts'

/**
 * What a job's processes on one node have used until a moment, and hold at it. Counters rise from the job's start on the
 * node. Absent is not known, never zero.
 */
export interface HostReading {
  cpuSeconds?: number
  cpuUserSeconds?: number
  cpuSystemSeconds?: number
  /** CPUs that the job may use here. */
  cpus?: number
  /** Working set: anonymous and shared memory, without page cache. */
  memoryBytes?: number
  /** With page cache. */
  memoryTotalBytes?: number
  /** The highest total so far, where the kernel keeps it. */
  memoryPeakBytes?: number
  memoryLimitBytes?: number
  oomKills?: number
  readBytes?: number
  writeBytes?: number
  /** Seconds in which at least one task waited (PSI `some`). */
  cpuStallSeconds?: number
  memoryStallSeconds?: number
  ioStallSeconds?: number
  processes?: number
}

/** One GPU of a job at a moment. Absent is not known. */
export interface JobGpuReading {
  uuid: string
  vendor: 'nvidia' | 'amd'
  index?: number
  model?: string
  utilizationPercent?: number
  memoryUtilizationPercent?: number
  memoryBytes?: number
  memoryTotalBytes?: number
  powerWatts?: number
  temperatureCelsius?: number
  smClockMhz?: number
  /** Bits of NVIDIA's clocks_event_reasons.active. */
  throttleReasons?: number
  /** A counter of the driver with any beginning. */
  energyCounterJoules?: number
}

/** One moment of a job on a node. A GPU that nobody has looked at since the last reading is not in it. */
export interface JobReading {
  /** ms since the epoch. */
  at: number
  source: UsageSource
  host: HostReading
  gpus: readonly JobGpuReading[]
}

/**
 * A reading as it travels and is stored, in the order of `hostColumns` and `gpuColumns`.
 * @param usage what `addReading` made of the reading: a GPU's energy counts from the job's start, which a reading does not know
 */
export function sampleOf(reading: JobReading, usage: NodeUsage): JobSample {
  const { host } = reading
  const columns: Record<(typeof hostColumns)[number]['name'], number | undefined> = {
    cpu_seconds: host.cpuSeconds,
    memory_bytes: host.memoryBytes,
    memory_total_bytes: host.memoryTotalBytes,
    read_bytes: host.readBytes,
    write_bytes: host.writeBytes,
    cpu_stall_seconds: host.cpuStallSeconds,
    memory_stall_seconds: host.memoryStallSeconds,
    io_stall_seconds: host.ioStallSeconds,
    processes: host.processes,
    oom_kills: host.oomKills,
    cpu_usage_percent: undefined,
    gpu_usage_percent: undefined,
  }
  return {
    at: reading.at,
    host: withoutTail(hostColumns.map(({ name }) => columns[name])),
    gpus: reading.gpus.map((gpu) => ({
      uuid: gpu.uuid,
      values: gpuValues(gpu, usage.gpus.find(({ uuid }) => uuid === gpu.uuid)?.energyJoules),
    })),
  }
}

function gpuValues(gpu: JobGpuReading, energyJoules: number | undefined): number[] {
  const columns: Record<(typeof gpuColumns)[number]['name'], number | undefined> = {
    utilization_percent: gpu.utilizationPercent,
    memory_used_bytes: gpu.memoryBytes,
    power_watts: gpu.powerWatts,
    temperature_celsius: gpu.temperatureCelsius,
    sm_clock_mhz: gpu.smClockMhz,
    throttle_reasons: gpu.throttleReasons,
    energy_joules: energyJoules,
    memory_utilization_percent: gpu.memoryUtilizationPercent,
  }
  return withoutTail(gpuColumns.map(({ name }) => columns[name]))
}

/** NaN for what is not known; unknown columns at the end are left out. */
function withoutTail(values: readonly (number | undefined)[]): number[] {
  const last = values.findLastIndex((value) => value !== undefined)
  return values.slice(0, last + 1).map((value) => value ?? Number.NaN)
}
