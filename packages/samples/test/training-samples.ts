import { gpuColumns, hostColumns, type JobSample } from '@navarch/core/job/sample-columns'

export interface TrainingOptions {
  seed?: number
  gpus?: number
  samples?: number
  intervalMs?: number
  startAt?: number
}

/**
 * Readings of a training job as agents send them, the same for the same seed: data loading and checkpoints in between, noise of
 * ±5 W, ±1 °C and a few percent, memory and clocks that mostly stand still, counters of energy, CPU and I/O, 64 CPUs, timers that
 * are a few ms off. Noise is even over its range, which is the hardest to compress.
 */
export function trainingSamples(options: TrainingOptions = {}): JobSample[] {
  const { seed = 1, gpus = 8, samples: count = 240, intervalMs = 15_000, startAt = Date.UTC(2026, 0, 1) } = options
  const random = seededRandom(seed)
  const around = (middle: number, width: number) => middle + (random() * 2 - 1) * width
  const host = { cpu: 0, read: 0, written: 0, cpuStall: 0, memoryStall: 0, ioStall: 0, cache: 40e9 }
  const devices = Array.from({ length: gpus }, (_, index) => ({
    uuid: `GPU-${hex(random, 8)}-${hex(random, 4)}-${hex(random, 4)}-${hex(random, 4)}-${hex(random, 12)}`,
    level: 560 + index * 9,
    heat: 58 + index,
    energy: 0,
    memory: 71_000 * 1_048_576 + index * 2_097_152,
  }))
  let at = startAt
  return Array.from({ length: count }, () => {
    const seconds = around(intervalMs, 8) / 1000
    at += Math.round(seconds * 1000)
    const loading = random() < 0.04
    const checkpoint = random() < 0.02
    host.cpu += seconds * around(22, 1.5)
    host.read += Math.round(seconds * (loading ? around(2.5e9, 1e9) : around(3e8, 2e7)))
    host.written += checkpoint ? Math.round(around(9e9, 1e8)) : Math.round(around(30_000, 20_000) / 4096) * 4096
    host.cpuStall += seconds * around(0.01, 0.01)
    host.ioStall += seconds * (checkpoint ? around(0.3, 0.1) : around(0.005, 0.005))
    host.cache = Math.min(200e9, host.cache + seconds * 2e8 * random())
    const working = Math.round(around(310e9, 2e8) / 4096) * 4096
    const hostValues: Record<(typeof hostColumns)[number]['name'], number> = {
      cpu_seconds: host.cpu,
      memory_bytes: working,
      memory_total_bytes: working + Math.round(host.cache / 4096) * 4096,
      read_bytes: host.read,
      write_bytes: host.written,
      cpu_stall_seconds: host.cpuStall,
      memory_stall_seconds: host.memoryStall,
      io_stall_seconds: host.ioStall,
      processes: loading ? 73 : 72,
      oom_kills: 0,
      cpu_usage_percent: Number.NaN,
      gpu_usage_percent: Number.NaN,
    }
    return {
      at,
      host: withoutTail(hostColumns.map(({ name }) => hostValues[name])),
      gpus: devices.map((device) => {
        const busy = loading || checkpoint ? around(40, 30) : around(94, 5)
        const power = loading || checkpoint ? around(260, 60) : around(device.level, 5)
        device.energy += power * seconds
        if (random() < 0.01) device.memory += 2_097_152
        const values: Record<(typeof gpuColumns)[number]['name'], number> = {
          utilization_percent: Math.round(busy),
          memory_used_bytes: device.memory,
          power_watts: Math.round(power * 100) / 100,
          temperature_celsius: Math.round(around(device.heat, 1)),
          sm_clock_mhz: random() < 0.05 ? 1965 : 1980,
          throttle_reasons: random() < 0.03 ? 4 : 0,
          energy_joules: Math.round(device.energy * 1000) / 1000,
          memory_utilization_percent: Math.round(busy * 0.6 + around(0, 3)),
        }
        return { uuid: device.uuid, values: gpuColumns.map(({ name }) => values[name]) }
      }),
    }
  })
}

/** How many values of samples are known. */
export function countValues(samples: readonly JobSample[]): number {
  let known = 0
  for (const { host, gpus } of samples) {
    for (const values of [host, ...gpus.map((gpu) => gpu.values)]) known += values.filter(Number.isFinite).length
  }
  return known
}

/** Mulberry32: even in [0, 1), the same for the same seed. Source: https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function hex(random: () => number, digits: number): string {
  return Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join('')
}

function withoutTail(values: readonly number[]): number[] {
  return values.slice(0, values.findLastIndex(Number.isFinite) + 1)
}
