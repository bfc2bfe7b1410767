import type { GpuReading } from '@navarch/gpu/gpu-reading'
import type { MigInstance } from '@navarch/gpu/mig-instances'

/** Who has which GPU: ids of jobs by the UUID of a GPU or of a MIG device. */
export type JobsByUuid = ReadonlyMap<string, readonly string[]>

/** Something that series are about: a whole GPU, or a part of one. */
export interface GpuEntity {
  gpu: GpuReading
  /** The part; absent: the whole. */
  instance?: MigInstance
  /** One set of labels for each job that has it, or one without a job. */
  labels: readonly Readonly<Record<string, string>>[]
}

/**
 * The GPUs of a node, and the parts of those that are divided, under dcgm-exporter's labels and `gpu_name`.
 * A GPU that several jobs share has its series once for each of them, as there.
 * GPUs without an index are left out: nothing that reads these series could tell them apart.
 * Source of the labels: https://docs.nvidia.com/datacenter/dcgm/latest/reference/dcgm-exporter-metrics.html, 4.8.
 */
export function gpuEntities(node: string, gpus: readonly GpuReading[], jobs: JobsByUuid): GpuEntity[] {
  return gpus.flatMap((gpu) => {
    if (gpu.index === undefined || gpu.vendor !== undefined) return []
    const base = labelsOf(node, gpu)
    const whole: GpuEntity = { gpu, labels: perJob(base, gpu.uuid === undefined ? [] : (jobs.get(gpu.uuid) ?? [])) }
    const parts = (gpu.migInstances ?? []).map((instance): GpuEntity => {
      const { GPU_I_PROFILE, GPU_I_ID } = { GPU_I_PROFILE: instance.profile ?? '', GPU_I_ID: String(instance.id) }
      const holders = instance.uuids.flatMap((uuid) => jobs.get(uuid) ?? [])
      return { gpu, instance, labels: perJob({ ...base, GPU_I_PROFILE, GPU_I_ID }, [...new Set(holders)]) }
    })
    return [whole, ...parts]
  })
}

/** Labels by which a GPU is known, without jobs. */
export function labelsOf(
  node: string,
  { index, uuid = '', pciBusId = '', name = '', driverVersion }: GpuReading,
): Record<string, string> {
  return {
    gpu: index === undefined ? '' : String(index),
    UUID: uuid,
    pci_bus_id: pciBusId,
    device: index === undefined ? '' : `nvidia${index}`,
    modelName: name,
    gpu_name: name,
    Hostname: node,
    ...(driverVersion !== undefined && { DCGM_FI_DRIVER_VERSION: driverVersion }),
  }
}

function perJob(base: Readonly<Record<string, string>>, jobs: readonly string[]): Readonly<Record<string, string>>[] {
  return jobs.length === 0 ? [base] : jobs.map((hpc_job) => ({ ...base, hpc_job }))
}
