import type { Clock } from '@navarch/system/clock'
import { type CommandResult, CommandTimeoutError, type RunCommand } from '@navarch/system/run-command'
import { fields } from './gpu-reading.ts'
import { formatPciBusId } from './pci-bus-id.ts'

/** What a simulated GPU shows. Change it at will: the next look sees it. */
export interface SimulatedGpu {
  readonly index: number
  readonly uuid: string
  readonly pciBusId: string
  utilizationPercent: number
  temperatureCelsius: number
  powerWatts: number
  memoryUsedMib: number
  eccUncorrected: number
  rowRemapPending: boolean
  rowRemapFailure: boolean
  recoveryAction: string
  /** Bits of `clocks_event_reasons.active`. */
  clockEvents: number
  mig: boolean
  /** Its handle can no longer be had. */
  lost: boolean
}

export interface SimulatedGpus {
  /** Behaves as `nvidia-smi` does for the calls that we make of it. */
  run: RunCommand
  gpus: SimulatedGpu[]
  /** How the next looks fail; undefined: they do not. */
  failure: { kind: 'stuck' } | { kind: 'exit'; status: number; output: string } | undefined
}

export interface SimulatedGpuOptions {
  clock: Clock
  /** Goes into serial numbers and UUIDs, which no two nodes share. */
  node: string
  /** Default 8. */
  count?: number
  /** Default "NVIDIA H100 80GB HBM3". */
  name?: string
}

/** MiB and watts of the models that are simulated true to life; others get those of the H100. */
const models = [
  { pattern: /h200/i, memoryMib: 143_771, powerLimit: 700 },
  { pattern: /a100/i, memoryMib: 81_920, powerLimit: 400 },
]
const otherModel = { memoryMib: 81_559, powerLimit: 700 }

/** What the driver keeps of an H100's memory, MiB. */
const reservedMib = 551
const driverVersion = '590.48.01'
/** GPU temperature and margin add up to this in captures of H100 and H200. */
const slowdownCelsius = 86

/** GPUs that exist in this process alone: for demonstrations and tests of everything above nvidia-smi. */
export function createSimulatedGpus(options: SimulatedGpuOptions): SimulatedGpus {
  const name = options.name ?? 'NVIDIA H100 80GB HBM3'
  const { memoryMib, powerLimit } = models.find(({ pattern }) => pattern.test(name)) ?? otherModel
  const gpus = Array.from({ length: options.count ?? 8 }, (_, index) => idleGpu(options.node, index))
  const board = { name, memoryMib, powerLimit, node: options.node }

  const simulated: SimulatedGpus = {
    gpus,
    failure: undefined,
    run: async (_program, args, { deadlineMs, signal }) => {
      const { failure } = simulated
      if (failure?.kind === 'stuck') {
        await options.clock.sleep(deadlineMs, signal)
        throw new CommandTimeoutError(`nvidia-smi did not finish within ${deadlineMs} ms`)
      }
      if (failure) return result(failure.status, failure.output)
      if (args[0] === '--help-query-gpu') return result(0, fieldHelp())
      const query = /^--query-gpu=(.*)$/.exec(args[0] ?? '')?.[1]
      if (query === undefined) return result(2, `Invalid combination of input arguments: ${args.join(' ')}\n`)
      return result(0, gpus.map((gpu) => `${row(gpu, query.split(','), board)}\n`).join(''))
    },
  }
  return simulated
}

interface Board {
  name: string
  memoryMib: number
  powerLimit: number
  node: string
}

function idleGpu(node: string, index: number): SimulatedGpu {
  const address = { domain: Math.floor(index / 8), bus: 0x1a + (index % 8) * 0x11, device: 0, function: 0 }
  return {
    index,
    uuid: simulatedUuid(node, index),
    pciBusId: formatPciBusId(address),
    utilizationPercent: 0,
    temperatureCelsius: 33,
    powerWatts: 72,
    memoryUsedMib: 4,
    eccUncorrected: 0,
    rowRemapPending: false,
    rowRemapFailure: false,
    recoveryAction: 'None',
    clockEvents: 1,
    mig: false,
    lost: false,
  }
}

/** A UUID that belongs to this node and index alone, and is the same in every run. */
function simulatedUuid(node: string, index: number): string {
  const digits = [0, 1, 2, 3].map((part) => hash(`${node}/${index}/${part}`).toString(16).padStart(8, '0')).join('')
  const parts = [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)]
  return `GPU-${parts.join('-')}`
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (const character of text) value = Math.imul(value ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0
  return value
}

function row(gpu: SimulatedGpu, queried: readonly string[], board: Board): string {
  if (gpu.lost) {
    const address = gpu.pciBusId.slice(4)
    return `Unable to determine the device handle for GPU ${address}: GPU is lost.  Reboot the system to recover this GPU`
  }
  return queried.map((name) => value(gpu, name, board)).join(', ')
}

function value(gpu: SimulatedGpu, name: string, board: Board): string | number {
  const yes = (flag: boolean) => (flag ? 'Yes' : 'No')
  // With MIG on, driver 590 answers these for the whole GPU with [N/A].
  const unlessMig = (text: string | number) => (gpu.mig ? '[N/A]' : text)
  switch (name) {
    case 'index':
      return gpu.index
    case 'uuid':
      return gpu.uuid
    case 'serial':
      return hash(`${board.node}/serial/${gpu.index}`)
    case 'pci.bus_id':
      return gpu.pciBusId
    case 'name':
      return board.name
    case 'driver_version':
      return driverVersion
    case 'vbios_version':
      return '96.00.A5.00.03'
    case 'persistence_mode':
    case 'ecc.mode.current':
      return 'Enabled'
    case 'mig.mode.current':
      return gpu.mig ? 'Enabled' : 'Disabled'
    case 'gpu_recovery_action':
      return gpu.recoveryAction
    case 'utilization.gpu':
    case 'utilization.memory':
      return unlessMig(gpu.utilizationPercent)
    case 'memory.total':
      return board.memoryMib
    case 'memory.used':
      return gpu.memoryUsedMib
    case 'memory.free':
      return board.memoryMib - reservedMib - gpu.memoryUsedMib
    case 'memory.reserved':
      return reservedMib
    case 'utilization.encoder':
    case 'utilization.decoder':
      return unlessMig(0)
    case 'temperature.gpu':
      return gpu.temperatureCelsius
    case 'temperature.gpu.tlimit':
      return slowdownCelsius - gpu.temperatureCelsius
    case 'temperature.memory':
      return gpu.temperatureCelsius + 8
    case 'power.draw.instant':
      return gpu.powerWatts.toFixed(2)
    case 'enforced.power.limit':
      return board.powerLimit.toFixed(2)
    case 'clocks.current.sm':
    case 'clocks.max.sm':
      return 1980
    case 'clocks.current.memory':
      return 2619
    case 'pstate':
      return 'P0'
    case 'clocks_event_reasons.active':
      return `0x${gpu.clockEvents.toString(16).padStart(16, '0')}`
    case 'ecc.errors.uncorrected.volatile.total':
    case 'ecc.errors.uncorrected.aggregate.total':
      return gpu.eccUncorrected
    case 'ecc.errors.corrected.volatile.total':
    case 'ecc.errors.corrected.aggregate.total':
    case 'remapped_rows.correctable':
    case 'remapped_rows.uncorrectable':
      return 0
    case 'ecc.errors.uncorrected.aggregate.sram.thresholdExceeded':
      return 'No'
    case 'remapped_rows.pending':
      return unlessMig(yes(gpu.rowRemapPending))
    case 'remapped_rows.failure':
      return unlessMig(yes(gpu.rowRemapFailure))
    case 'pcie.link.gen.gpucurrent':
    case 'pcie.link.gen.max':
      return 5
    case 'pcie.link.width.current':
    case 'pcie.link.width.max':
      return 16
    case 'fabric.state':
      return 'Completed'
    case 'fabric.status':
      return 'Success'
    default:
      return '[N/A]'
  }
}

function fieldHelp(): string {
  return fields.map((field) => `"${field.names[0]}"\n`).join('\n')
}

function result(code: number, stdout: string): CommandResult {
  return { code, signal: null, stdout, stderr: '' }
}
