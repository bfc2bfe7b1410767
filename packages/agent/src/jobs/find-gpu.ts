import type { GpuReading } from '@navarch/gpu/gpu-reading'
import type { MigInstance } from '@navarch/gpu/mig-instances'

/** What a UUID names: a GPU, or a part of a divided one (MIG). */
export interface NamedGpu {
  gpu: GpuReading
  part?: MigInstance
}

/** Finds it among the readings of a node; undefined when the driver does not show it. */
export function findGpu(readings: readonly GpuReading[], uuid: string): NamedGpu | undefined {
  for (const gpu of readings) {
    if (gpu.uuid === uuid) return { gpu }
    const part = gpu.migInstances?.find(({ uuids }) => uuids.includes(uuid))
    if (part) return { gpu, part }
  }
  return undefined
}

/** "NVIDIA H200"; of a part "NVIDIA H200 MIG 3g.71gb", as the driver's own tools write it. */
export function modelOf({ gpu, part }: NamedGpu): string | undefined {
  if (!part || gpu.name === undefined) return gpu.name
  return `${gpu.name} MIG${part.profile === undefined ? '' : ` ${part.profile}`}`
}
