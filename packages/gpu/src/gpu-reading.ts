import type { MigInstance } from './mig-instances.ts'
import { normalisePciBusId } from './pci-bus-id.ts'

/** One GPU at one moment. What the tool did not report is absent: unknown is not zero, and "[N/A]" is not "No". */
export interface GpuReading {
  /** Absent: NVIDIA's, whose tool does not say. */
  vendor?: 'amd'
  index?: number
  uuid?: string
  serial?: string
  /** As NVML writes it, e.g. "00000000:3B:00.0". */
  pciBusId?: string
  name?: string
  driverVersion?: string
  vbiosVersion?: string
  persistenceMode?: boolean
  migMode?: boolean
  /** What the GPU is divided into; absent where it is not, or where the tool did not say. */
  migInstances?: readonly MigInstance[]
  /** The driver's words, e.g. "None", "Drain and Reset". */
  recoveryAction?: string
  utilizationPercent?: number
  memoryUtilizationPercent?: number
  encoderPercent?: number
  decoderPercent?: number
  memoryTotalBytes?: number
  memoryUsedBytes?: number
  memoryFreeBytes?: number
  /** What the driver and the firmware keep for themselves. */
  memoryReservedBytes?: number
  temperatureCelsius?: number
  /** Degrees left before the hardware slows its clocks. */
  temperatureMarginCelsius?: number
  memoryTemperatureCelsius?: number
  powerWatts?: number
  /** Since the driver was loaded. AMD's tools tell; nvidia-smi does not. */
  energyJoules?: number
  powerLimitWatts?: number
  smClockMhz?: number
  maxSmClockMhz?: number
  memoryClockMhz?: number
  performanceState?: string
  /** Bits of `clocks_event_reasons.active`; see `clockEventBits`. */
  clockEvents?: number
  eccMode?: boolean
  eccCorrectedVolatile?: number
  eccUncorrectedVolatile?: number
  eccCorrectedAggregate?: number
  eccUncorrectedAggregate?: number
  sramThresholdExceeded?: boolean
  rowRemapCorrectable?: number
  rowRemapUncorrectable?: number
  rowRemapPending?: boolean
  rowRemapFailure?: boolean
  retiredPagesPending?: boolean
  /** Pages retired for errors of a single bit, and of two; GPUs before Ampere. */
  retiredPagesSingleBit?: number
  retiredPagesDoubleBit?: number
  pcieGeneration?: number
  pcieMaxGeneration?: number
  pcieWidth?: number
  pcieMaxWidth?: number
  fabricState?: string
  fabricStatus?: string
  /** Some value of it read "[GPU is lost]", or its handle could not be had. */
  lost?: boolean
  /** Some value of it read "[GPU requires reset]". */
  requiresReset?: boolean
}

/** Bits of `clocks_event_reasons.active` that tell of the hardware's health; the others are normal under load. Source: nvml.h. */
export const clockEventBits = { hwSlowdown: 0x8, hwThermalSlowdown: 0x40, hwPowerBrake: 0x80 } as const

interface Field {
  /** Names by which drivers have known it, the newest first. */
  names: readonly [string, ...string[]]
  read(text: string): Partial<GpuReading>
}

const text = (key: TextKey) => (value: string) => ({ [key]: value })
const flag = (key: FlagKey) => (value: string) => {
  if (/^(yes|enabled|on|active)$/i.test(value)) return { [key]: true }
  return /^(no|disabled|off|not active)$/i.test(value) ? { [key]: false } : {}
}
const number =
  (key: NumberKey, scale = 1) =>
  (value: string) => {
    const parsed = numberOf(value)
    return parsed === undefined ? {} : { [key]: parsed * scale }
  }
const mebibyte = 1024 * 1024

/** What is asked of each GPU. Source: `nvidia-smi --help-query-gpu` of driver 590.48.01; older names from 470 and 525. */
export const fields: readonly Field[] = [
  { names: ['index'], read: number('index') },
  { names: ['uuid', 'gpu_uuid'], read: text('uuid') },
  { names: ['serial', 'gpu_serial'], read: text('serial') },
  { names: ['pci.bus_id', 'gpu_bus_id'], read: busId },
  { names: ['name', 'gpu_name'], read: text('name') },
  { names: ['driver_version'], read: text('driverVersion') },
  { names: ['vbios_version'], read: text('vbiosVersion') },
  { names: ['persistence_mode'], read: flag('persistenceMode') },
  { names: ['mig.mode.current'], read: flag('migMode') },
  { names: ['gpu_recovery_action'], read: text('recoveryAction') },
  { names: ['utilization.gpu'], read: number('utilizationPercent') },
  { names: ['utilization.memory'], read: number('memoryUtilizationPercent') },
  { names: ['utilization.encoder'], read: number('encoderPercent') },
  { names: ['utilization.decoder'], read: number('decoderPercent') },
  { names: ['memory.total'], read: number('memoryTotalBytes', mebibyte) },
  { names: ['memory.used'], read: number('memoryUsedBytes', mebibyte) },
  { names: ['memory.free'], read: number('memoryFreeBytes', mebibyte) },
  { names: ['memory.reserved'], read: number('memoryReservedBytes', mebibyte) },
  { names: ['temperature.gpu'], read: number('temperatureCelsius') },
  { names: ['temperature.gpu.tlimit'], read: number('temperatureMarginCelsius') },
  { names: ['temperature.memory'], read: number('memoryTemperatureCelsius') },
  { names: ['power.draw.instant', 'power.draw'], read: number('powerWatts') },
  { names: ['enforced.power.limit'], read: number('powerLimitWatts') },
  { names: ['clocks.current.sm', 'clocks.sm'], read: number('smClockMhz') },
  { names: ['clocks.max.sm'], read: number('maxSmClockMhz') },
  { names: ['clocks.current.memory', 'clocks.mem'], read: number('memoryClockMhz') },
  { names: ['pstate'], read: text('performanceState') },
  { names: ['clocks_event_reasons.active', 'clocks_throttle_reasons.active'], read: number('clockEvents') },
  { names: ['ecc.mode.current'], read: flag('eccMode') },
  { names: ['ecc.errors.corrected.volatile.total'], read: number('eccCorrectedVolatile') },
  { names: ['ecc.errors.uncorrected.volatile.total'], read: number('eccUncorrectedVolatile') },
  { names: ['ecc.errors.corrected.aggregate.total'], read: number('eccCorrectedAggregate') },
  { names: ['ecc.errors.uncorrected.aggregate.total'], read: number('eccUncorrectedAggregate') },
  { names: ['ecc.errors.uncorrected.aggregate.sram.thresholdExceeded'], read: flag('sramThresholdExceeded') },
  { names: ['remapped_rows.correctable'], read: number('rowRemapCorrectable') },
  { names: ['remapped_rows.uncorrectable'], read: number('rowRemapUncorrectable') },
  { names: ['remapped_rows.pending'], read: flag('rowRemapPending') },
  { names: ['remapped_rows.failure'], read: flag('rowRemapFailure') },
  { names: ['retired_pages.pending'], read: flag('retiredPagesPending') },
  { names: ['retired_pages.single_bit_ecc.count', 'retired_pages.sbe'], read: number('retiredPagesSingleBit') },
  { names: ['retired_pages.double_bit.count', 'retired_pages.dbe'], read: number('retiredPagesDoubleBit') },
  { names: ['pcie.link.gen.gpucurrent', 'pcie.link.gen.current'], read: number('pcieGeneration') },
  { names: ['pcie.link.gen.max'], read: number('pcieMaxGeneration') },
  { names: ['pcie.link.width.current'], read: number('pcieWidth') },
  { names: ['pcie.link.width.max'], read: number('pcieMaxWidth') },
  { names: ['fabric.state'], read: text('fabricState') },
  { names: ['fabric.status'], read: text('fabricStatus') },
]

type KeyOf<T> = { [K in keyof GpuReading]-?: NonNullable<GpuReading[K]> extends T ? K : never }[keyof GpuReading]
type TextKey = KeyOf<string>
type FlagKey = KeyOf<boolean>
type NumberKey = KeyOf<number>

/** Values that stand for "not reported". "[GPU is lost]" and "[GPU requires reset]" also say why. */
const absent = /^(\[.*\]|n\/a|not supported|unknown error|insufficient permissions|)$/i
const lost = /^\[?gpu is lost\]?$/i
const requiresReset = /^\[?gpu requires reset\]?$/i

/**
 * The fields to ask for: of each, the first name that this driver knows. One unknown name fails a whole query.
 * @param known names that `--help-query-gpu` lists
 */
export function fieldsToQuery(known: ReadonlySet<string>): string[] {
  return fields.flatMap((field) => field.names.find((name) => known.has(name)) ?? [])
}

/** Names that `nvidia-smi --help-query-gpu` lists: lines such as `"uuid" or "gpu_uuid"`. */
export function parseFieldHelp(output: string): Set<string> {
  const names = new Set<string>()
  for (const line of output.split('\n')) {
    if (!/^\s*"[\w.]+"(\s+or\s+"[\w.]+")*\s*$/.test(line)) continue
    for (const [, name] of line.matchAll(/"([\w.]+)"/g)) if (name) names.add(name)
  }
  return names
}

/**
 * Reads one line of `--format=csv,noheader,nounits`.
 * @param queried names asked for, in order
 * @returns undefined when the line has another number of values: it is a message then, not a GPU
 */
export function parseReading(line: string, queried: readonly string[]): GpuReading | undefined {
  const values = line.split(',').map((value) => value.trim())
  if (values.length !== queried.length) return undefined
  const reading: GpuReading = {}
  for (const [at, value] of values.entries()) {
    if (lost.test(value)) reading.lost = true
    if (requiresReset.test(value)) reading.requiresReset = true
    if (absent.test(value)) continue
    Object.assign(reading, readersByName.get(queried[at] ?? '')?.(value))
  }
  return reading
}

const readersByName = new Map(fields.flatMap((field) => field.names.map((name) => [name, field.read])))

function busId(value: string): Partial<GpuReading> {
  const pciBusId = normalisePciBusId(value)
  return pciBusId === undefined ? {} : { pciBusId }
}

function numberOf(value: string): number | undefined {
  if (!/^(0x[0-9a-f]+|-?\d+(\.\d+)?)$/i.test(value)) return undefined
  return Number(value)
}
