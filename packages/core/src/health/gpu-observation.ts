import type { RecoveryAction } from './recovery-action.ts'

/** What one look at one GPU told about its health. An absent value was not reported, which is not the same as zero or "No". */
export interface GpuObservation {
  index?: number
  uuid?: string
  pciBusId?: string
  /** The tool answered "[GPU is lost]" for it. */
  lost?: boolean
  /** The tool answered "[GPU requires reset]" for it. */
  requiresReset?: boolean
  recoveryAction?: RecoveryAction
  /** Uncorrectable ECC errors since the driver was loaded. */
  eccUncorrectedVolatile?: number
  /** Uncorrectable ECC errors in the GPU's whole life. */
  eccUncorrectedAggregate?: number
  sramThresholdExceeded?: boolean
  rowRemapPending?: boolean
  rowRemapFailure?: boolean
  retiredPagesPending?: boolean
  temperatureCelsius?: number
  /** Degrees Celsius left before the hardware slows its clocks (`temperature.gpu.tlimit`). */
  temperatureMarginCelsius?: number
  /** What the looks of the last ten minutes found in `clocks_event_reasons`. */
  slowdowns?: SlowdownWindow
  /** `fabric.state`, e.g. "Completed", "In Progress", "Not Started". */
  fabricState?: string
  /** `fabric.status`, e.g. "Success". */
  fabricStatus?: string
}

/** Counts of looks within ten minutes. */
export interface SlowdownWindow {
  looks: number
  /** Looks that found `hw_thermal_slowdown` (0x40). */
  thermal: number
  /** Looks that found `hw_power_brake` (0x80). */
  powerBrake: number
}

/**
 * How asking the driver failed:
 * - `stuck`: no answer within the deadline
 * - `missing`: the tool is not there, or could not be started
 * - `exit`: it ended with this status
 */
export type GpuToolFailure =
  | { kind: 'stuck'; afterMs: number }
  | { kind: 'missing'; detail: string }
  | { kind: 'exit'; status: number; output: string }
