import { CommandTimeoutError, type RunCommand } from '@navarch/system/run-command'
import type { GpuReading } from './gpu-reading.ts'
import type { GpuLook, NvidiaSmi } from './nvidia-smi.ts'

/** A part of a GPU that is divided (MIG): a GPU instance, with the devices that programs see in it. */
export interface MigInstance {
  /** The driver's number of the GPU instance. */
  id: number
  /** e.g. "1g.10gb". */
  profile?: string
  /** UUIDs of its devices, "MIG-…": one for each compute instance. */
  uuids: readonly string[]
  memoryTotalBytes?: number
  memoryUsedBytes?: number
  memoryFreeBytes?: number
  memoryReservedBytes?: number
}

/** A device as `nvidia-smi -L` lists it. */
interface ListedDevice {
  gpuUuid: string
  index: number
  uuid: string
  profile: string
}

const mebibyte = 1024 * 1024

/**
 * Reads `nvidia-smi -L`: which devices there are, and their profiles. Only this call names their UUIDs.
 * The profile of a device that has a part of its GPU instance begins with that part ("1c.3g.40gb").
 */
export function parseMigList(output: string): ListedDevice[] {
  const devices: ListedDevice[] = []
  let gpuUuid: string | undefined
  for (const line of output.split('\n')) {
    const gpu = /^GPU \d+:.*\(UUID: (GPU-[\w-]+)\)\s*$/.exec(line)
    if (gpu) gpuUuid = gpu[1]
    const device = /^\s+MIG (\S+)\s+Device\s+(\d+): \(UUID: (MIG-[^)\s]+)\)\s*$/.exec(line)
    if (!device || gpuUuid === undefined) continue
    const [, profile = '', index, uuid = ''] = device
    devices.push({ gpuUuid, index: Number(index), uuid, profile: profile.replace(/^\d+c\./, '') })
  }
  return devices
}

/**
 * Reads the GPU instances of `nvidia-smi -q -x`, by the GPU's UUID. Only this call names their numbers and memory.
 * A GPU without instances is not in the answer.
 */
export function parseMigXml(xml: string, listed: readonly ListedDevice[]): Map<string, MigInstance[]> {
  const found = new Map<string, MigInstance[]>()
  for (const gpu of xml.split(/<gpu id=/).slice(1)) {
    // Some drivers name the devices' UUIDs too.
    const gpuUuid = textOf(gpu.replace(/<mig_devices>[\s\S]*?<\/mig_devices>/, ''), 'uuid')
    const instances = new Map<number, MigInstance>()
    for (const [, device = ''] of gpu.matchAll(/<mig_device>([\s\S]*?)<\/mig_device>/g)) {
      const [id, index] = [wholeNumber(device, 'gpu_instance_id'), wholeNumber(device, 'index')]
      if (id === undefined || gpuUuid === undefined) continue
      const entry = listed.find((one) => one.gpuUuid === gpuUuid && one.index === index)
      const before = instances.get(id)
      instances.set(id, {
        ...{ id, ...memoryOf(device), ...(entry && { profile: entry.profile }) },
        uuids: [...(before?.uuids ?? []), ...(entry ? [entry.uuid] : [])],
      })
    }
    if (gpuUuid !== undefined && instances.size > 0) found.set(gpuUuid, [...instances.values()])
  }
  return found
}

function memoryOf(device: string): Partial<MigInstance> {
  const usage = /<fb_memory_usage>([\s\S]*?)<\/fb_memory_usage>/.exec(device)?.[1] ?? ''
  const bytes = (name: string): number | undefined => {
    const mib = /^(\d+) MiB$/.exec(textOf(usage, name) ?? '')?.[1]
    return mib === undefined ? undefined : Number(mib) * mebibyte
  }
  const memory = {
    memoryTotalBytes: bytes('total'),
    memoryUsedBytes: bytes('used'),
    memoryFreeBytes: bytes('free'),
    memoryReservedBytes: bytes('reserved'),
  }
  return Object.fromEntries(Object.entries(memory).filter(([, value]) => value !== undefined))
}

function textOf(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>\\s*([^<]*?)\\s*</${name}>`).exec(xml)?.[1]
}

function wholeNumber(xml: string, name: string): number | undefined {
  const text = textOf(xml, name) ?? ''
  return /^\d+$/.test(text) ? Number(text) : undefined
}

export interface MigOptions {
  run: RunCommand
  /** Default "nvidia-smi". */
  program?: string
  /** How long one call may take, ms. Default 20,000. */
  deadlineMs?: number
  /** Whether a call that did not answer is still there. Default: never. */
  stillStuck?: () => Promise<boolean>
  signal?: AbortSignal
}

/**
 * Adds what divided GPUs are divided into. The two calls that it takes are made only where a reading says that MIG is on,
 * and one that fails leaves the readings as they are.
 */
export function withMigInstances(smi: NvidiaSmi, options: MigOptions): NvidiaSmi {
  const { run, program = 'nvidia-smi', deadlineMs = 20_000, signal } = options
  let wasStuck = false
  const call = async (...args: string[]): Promise<string> => {
    const result = await run(program, args, { deadlineMs, ...(signal && { signal }) })
    if (result.code !== 0) throw new Error(`${program} ended with ${result.code}`)
    return result.stdout
  }
  const instances = async (): Promise<Map<string, MigInstance[]>> => {
    try {
      if (wasStuck && (await options.stillStuck?.())) return new Map()
      wasStuck = false
      const listed = parseMigList(await call('-L'))
      return parseMigXml(await call('-q', '-x'), listed)
    } catch (error) {
      wasStuck = error instanceof CommandTimeoutError
      return new Map()
    }
  }
  const add = (gpu: GpuReading, found: ReadonlyMap<string, MigInstance[]>): GpuReading => {
    const migInstances = gpu.uuid === undefined ? undefined : found.get(gpu.uuid)
    return migInstances ? { ...gpu, migInstances } : gpu
  }
  return {
    look: async (): Promise<GpuLook> => {
      const look = await smi.look()
      if (look.kind === 'failed' || !look.gpus.some((gpu) => gpu.migMode)) return look
      const found = await instances()
      return { kind: 'readings', gpus: look.gpus.map((gpu) => add(gpu, found)) }
    },
  }
}
