import type { JobGpu } from '@navarch/core/job/job-event'
import type { GpuReading } from '@navarch/gpu/gpu-reading'
import type { HookEnvironment } from '@navarch/slurm/hook-environment'
import { findGpu, modelOf, type NamedGpu } from './find-gpu.ts'

/** The GPUs that a job was given on a node. */
export interface JobGpus {
  count: number
  vendor: 'none' | 'nvidia' | 'amd' | 'mixed'
  /** UUIDs; a GPU that the driver does not show goes by the name that Slurm gave it. */
  devices: readonly string[]
  gpus: readonly JobGpu[]
}

/** What a node knows of its GPUs when a job comes. */
export interface NodeGpus {
  /** As the driver shows them. */
  readings: readonly GpuReading[]
  /** UUIDs in the order of Slurm's GRES indexes; see `gresOrder`. */
  order: readonly string[]
}

/** The variables that tell of a job's GPUs. */
export const gpuVariables = ['CUDA_VISIBLE_DEVICES', 'SLURM_JOB_GPUS', 'ROCR_VISIBLE_DEVICES'] as const

/**
 * The GPUs of a job, from its prolog's environment.
 *
 * Only a UUID names a GPU for sure: indexes are Slurm's own (SLURM_JOB_GPUS), the driver's, or a job's. Where devices are
 * MIG instances, CUDA_VISIBLE_DEVICES holds their UUIDs in the prolog, and SLURM_JOB_GPUS the indexes of the instances.
 */
export function gpusOfHook(environment: HookEnvironment, node: NodeGpus): JobGpus {
  const visible = listOf(environment['CUDA_VISIBLE_DEVICES'])
  const indexes = listOf(environment['SLURM_JOB_GPUS'])
  // 20.11 has no SLURM_JOB_GPUS in hooks; its CUDA_VISIBLE_DEVICES counts as the host does.
  const names = visible.some(isUuid) ? visible : indexes.length > 0 ? indexes : visible
  // Slurm sets the variables of all vendors, but where gres.conf or AutoDetect tells it of one.
  const amd = environment['CUDA_VISIBLE_DEVICES'] === undefined && environment['ROCR_VISIBLE_DEVICES'] !== undefined
  const vendorOf = (reading: GpuReading | undefined): JobGpu['vendor'] =>
    reading?.vendor ?? (amd && !reading ? 'amd' : 'nvidia')
  const uuids = names.map((name) => (isUuid(name) ? name : (node.order[Number(name)] ?? undefined)))
  const gpus = uuids.flatMap((uuid): JobGpu[] => {
    if (uuid === undefined) return []
    const found = findGpu(node.readings, uuid)
    return [{ uuid, vendor: vendorOf(found?.gpu), ...(found && detailsOf(found)) }]
  })
  const vendors = new Set(gpus.length > 0 ? gpus.map(({ vendor }) => vendor) : [vendorOf(undefined)])
  const [vendor = 'nvidia', other] = vendors
  return {
    count: names.length,
    vendor: names.length === 0 ? 'none' : other ? 'mixed' : vendor,
    devices: uuids.map((uuid, at) => uuid ?? names[at] ?? ''),
    gpus,
  }
}

function detailsOf(found: NamedGpu): Partial<JobGpu> {
  const { gpu, part } = found
  const model = modelOf(found)
  const { memoryTotalBytes } = part ?? gpu
  return {
    // A part has no number of its own.
    ...(gpu.index !== undefined && !part && { index: gpu.index }),
    ...(model !== undefined && { model }),
    ...(memoryTotalBytes !== undefined && { memoryTotalBytes }),
    ...(gpu.uuid !== undefined && part && { parentUuid: gpu.uuid }),
  }
}

function isUuid(name: string): boolean {
  return /^(GPU|MIG)-/.test(name)
}

/** More than any node has: the control plane refuses a longer list, and its event with it. */
const mostGpus = 1024

function listOf(text: string | undefined): string[] {
  const names = (text ?? '').split(',').filter((name) => name !== '' && name !== 'NoDevFiles' && name.length <= 255)
  return names.slice(0, mostGpus)
}

/**
 * UUIDs in the order in which Slurm counts a node's GPUs.
 *
 * Slurm's index is a GPU's place among the devices of gres.conf (`File=`), which name the driver's minor numbers; with
 * `AutoDetect` Slurm lists them itself, by minor number too. Where minors cannot be read, the driver's order by PCI
 * address stands for them, as it does on machines whose minors were given in that order.
 * @param minors minor numbers by UUID
 * @param files minor numbers in the order of gres.conf; undefined: AutoDetect, or no gres.conf that can be read
 */
export function gresOrder(
  readings: readonly GpuReading[],
  minors: ReadonlyMap<string, number>,
  files: readonly number[] | undefined,
): string[] {
  const uuids = readings.flatMap(({ uuid }) => uuid ?? [])
  if (!uuids.every((uuid) => minors.has(uuid))) {
    if (!files) return uuids
    return files.map((minor) => readings.find(({ index }) => index === minor)?.uuid ?? '')
  }
  const byMinor = new Map(uuids.map((uuid) => [minors.get(uuid), uuid]))
  if (files) return files.map((minor) => byMinor.get(minor) ?? '')
  return uuids.toSorted((a, b) => (minors.get(a) ?? 0) - (minors.get(b) ?? 0))
}
