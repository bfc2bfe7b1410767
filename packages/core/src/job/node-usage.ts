/** Where a node's figures come from, from the best to none. */
export const usageSources = ['cgroup-v2', 'cgroup-v1', 'proc', 'slurmdbd', 'none'] as const
export type UsageSource = (typeof usageSources)[number]

/**
 * What a job's part on one node has used from its start until `until`, as the node's agent counted it: exact at both ends,
 * and complete at every moment in between. Absent is not known, never zero.
 */
export interface NodeUsage {
  source: UsageSource
  /** First and last reading, ms since the epoch. */
  since: number
  until: number
  /** Readings that went into it. */
  readings: number
  /** CPU seconds, user and system. */
  cpuSeconds?: number
  cpuUserSeconds?: number
  cpuSystemSeconds?: number
  /** CPUs that the job may use here. */
  cpus?: number
  /** Working set (anonymous and shared memory, without page cache), bytes: now and at its highest. */
  memoryBytes?: number
  memoryMaxBytes?: number
  /** Highest total including page cache, by the kernel where it keeps it. */
  memoryPeakBytes?: number
  memoryLimitBytes?: number
  /** Processes of the job that the kernel killed because memory ran out. */
  oomKills?: number
  readBytes?: number
  writeBytes?: number
  /** Seconds in which at least one of its tasks waited (PSI `some`). */
  cpuStallSeconds?: number
  memoryStallSeconds?: number
  ioStallSeconds?: number
  processesMax?: number
  gpus: readonly GpuUsage[]
}

/** What one GPU did while the job had it. Means are weighted by time. */
export interface GpuUsage {
  uuid: string
  vendor: 'nvidia' | 'amd'
  index?: number
  model?: string
  readings: number
  utilizationMean?: number
  utilizationMax?: number
  /** Utilization of the last reading, percent. */
  utilization?: number
  memoryBytes?: number
  memoryMaxBytes?: number
  memoryTotalBytes?: number
  powerWattsMean?: number
  powerWattsMax?: number
  temperatureMax?: number
  energyJoules?: number
  /** Seconds in which the hardware slowed down for heat or power (HW slowdown, HW thermal, SW thermal, power brake). */
  throttledSeconds?: number
  /** Seconds without any utilization, in one piece and up to `until`: what is held but idle. */
  idleSeconds?: number
  /** Whether `energyJoules` is the driver's own counter, or the power between readings summed up. */
  energySource?: 'counter' | 'power'
  /** Seconds that the means stand for: gaps between readings and values that were not reported count for nothing. */
  utilizationSeconds?: number
  powerSeconds?: number
  /** The last reading, from which the next one goes on. */
  last?: {
    /** ms since the epoch. */
    at: number
    powerWatts?: number
    throttled?: boolean
    energyCounterJoules?: number
  }
}

/** Energy that a GPU took while the job had it, joules: one reading tells of none, which is not to say that it was none. */
export function energyOf({ readings, energyJoules }: GpuUsage): number | undefined {
  return readings > 1 ? energyJoules : undefined
}
