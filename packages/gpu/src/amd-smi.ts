import { amdReading, amountIn, type Json, member, numberIn, percentIn, textIn } from './amd-values.ts'
import type { GpuReading } from './gpu-reading.ts'
import { normalisePciBusId } from './pci-bus-id.ts'

/** Asked once: names, addresses and models do not change. */
export const amdSmiStaticArguments = ['static', '--asic', '--bus', '--vram', '--json'] as const
export const amdSmiListArguments = ['list', '--json'] as const
/** Asked at each look. */
export const amdSmiMetricArguments = [
  'metric',
  '--usage',
  '--power',
  '--temperature',
  '--mem-usage',
  '--clock',
  '--energy',
  '--json',
] as const

const mebibyte = 1024 * 1024

/** What stays the same about a GPU. */
export type AmdIdentity = Pick<GpuReading, 'uuid' | 'pciBusId' | 'name' | 'memoryTotalBytes'>

/**
 * Reads `amd-smi list --json` and `amd-smi static --json` into what each GPU is, by the tool's index.
 * @throws Error when either is not such JSON
 */
export function parseAmdIdentities(list: string, fixed: string): Map<number, AmdIdentity> {
  const identities = new Map<number, AmdIdentity>()
  for (const [index, gpu] of gpusIn(list)) {
    identities.set(index, identity({ uuid: textIn(member(gpu, 'uuid')), pciBusId: busId(member(gpu, 'bdf')) }))
  }
  for (const [index, gpu] of gpusIn(fixed)) {
    const size = amountIn(member(gpu, 'vram', 'size'), mebibyte)
    identities.set(index, {
      ...identities.get(index),
      ...identity({
        pciBusId: busId(member(gpu, 'bus', 'bdf')),
        name: textIn(member(gpu, 'asic', 'market_name')),
        memoryTotalBytes: size,
      }),
    })
  }
  return identities
}

/**
 * Reads `amd-smi metric --json`: a list of GPUs, or one under `gpu_data` since ROCm 6.4. Values are numbers, texts, or
 * {value, unit}; "N/A" is not known.
 * @throws Error when this is not such JSON
 */
export function parseAmdMetrics(text: string, identities: ReadonlyMap<number, AmdIdentity>): GpuReading[] {
  return gpusIn(text).map(([index, gpu]) =>
    amdReading({
      index,
      ...identities.get(index),
      utilizationPercent: percentIn(member(gpu, 'usage', 'gfx_activity')),
      memoryUtilizationPercent: percentIn(member(gpu, 'usage', 'umc_activity')),
      memoryUsedBytes: amountIn(member(gpu, 'mem_usage', 'used_vram'), mebibyte),
      memoryTotalBytes:
        amountIn(member(gpu, 'mem_usage', 'total_vram'), mebibyte) ?? identities.get(index)?.memoryTotalBytes,
      powerWatts:
        amountIn(member(gpu, 'power', 'socket_power')) ?? amountIn(member(gpu, 'power', 'current_socket_power')),
      temperatureCelsius:
        amountIn(member(gpu, 'temperature', 'hotspot')) ?? amountIn(member(gpu, 'temperature', 'edge')),
      memoryTemperatureCelsius: amountIn(member(gpu, 'temperature', 'mem')),
      smClockMhz: amountIn(member(gpu, 'clock', 'gfx_0', 'clk')) ?? amountIn(member(gpu, 'clock', 'gfx', 'clk')),
      energyJoules: amountIn(member(gpu, 'energy', 'total_energy_consumption')),
    }),
  )
}

function gpusIn(text: string): [index: number, gpu: Json][] {
  let parsed: Json
  try {
    parsed = JSON.parse(text)
  } catch {
    throw new Error(`amd-smi printed no JSON: ${JSON.stringify(text.trim().slice(0, 200))}`)
  }
  const gpus = Array.isArray(parsed) ? parsed : member(parsed, 'gpu_data')
  if (!Array.isArray(gpus)) throw new Error('amd-smi printed no list of GPUs')
  return gpus.map((gpu: Json, position) => {
    const index = numberIn(member(gpu, 'gpu'))
    if (index === undefined) throw new Error(`amd-smi: GPU ${position} of its list has no index`)
    return [index, gpu]
  })
}

function busId(value: Json): string | undefined {
  const text = textIn(value)
  return text === undefined ? undefined : normalisePciBusId(text)
}

function identity(values: { [K in keyof AmdIdentity]: AmdIdentity[K] | undefined }): AmdIdentity {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}
