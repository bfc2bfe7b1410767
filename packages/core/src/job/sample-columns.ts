/**
 * The columns of a job's samples, in the order in which they travel and are stored. Columns are only ever added at the end:
 * what is on disk knows them by number. `step` is the smallest difference that is kept.
 */
export const hostColumns = [
  { name: 'cpu_seconds', step: 0.001, kind: 'counter' },
  { name: 'memory_bytes', step: 1024, kind: 'gauge' },
  { name: 'memory_total_bytes', step: 1024, kind: 'gauge' },
  { name: 'read_bytes', step: 1, kind: 'counter' },
  { name: 'write_bytes', step: 1, kind: 'counter' },
  { name: 'cpu_stall_seconds', step: 0.001, kind: 'counter' },
  { name: 'memory_stall_seconds', step: 0.001, kind: 'counter' },
  { name: 'io_stall_seconds', step: 0.001, kind: 'counter' },
  { name: 'processes', step: 1, kind: 'gauge' },
  { name: 'oom_kills', step: 1, kind: 'counter' },
  /** Percent of the allocation, as a client of the API recorded it; agents leave it out. */
  { name: 'cpu_usage_percent', step: 0.01, kind: 'gauge' },
  { name: 'gpu_usage_percent', step: 0.01, kind: 'gauge' },
] as const satisfies readonly SampleColumn[]

export const gpuColumns = [
  { name: 'utilization_percent', step: 1, kind: 'gauge' },
  { name: 'memory_used_bytes', step: 1_048_576, kind: 'gauge' },
  { name: 'power_watts', step: 0.1, kind: 'gauge' },
  { name: 'temperature_celsius', step: 1, kind: 'gauge' },
  { name: 'sm_clock_mhz', step: 1, kind: 'gauge' },
  /** The bit mask of NVIDIA's clocks_event_reasons.active. */
  { name: 'throttle_reasons', step: 1, kind: 'gauge' },
  { name: 'energy_joules', step: 1, kind: 'counter' },
  { name: 'memory_utilization_percent', step: 1, kind: 'gauge' },
] as const satisfies readonly SampleColumn[]

export interface SampleColumn {
  name: string
  step: number
  /** A counter rises from the job's start; a gauge is a value at a moment. */
  kind: 'gauge' | 'counter'
}

export type HostColumn = (typeof hostColumns)[number]['name']
export type GpuColumn = (typeof gpuColumns)[number]['name']

/** The values of one moment. NaN stands for a value that is not known; a shorter list has no more columns. */
export interface JobSample {
  /** ms since the epoch. */
  at: number
  host: readonly number[]
  gpus: readonly { uuid: string; values: readonly number[] }[]
}
