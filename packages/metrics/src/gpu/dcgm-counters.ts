import type { GpuReading } from '@navarch/gpu/gpu-reading'
import type { MigInstance } from '@navarch/gpu/mig-instances'

/** A metric under the name of DCGM's field, with its unit. */
export interface DcgmCounter {
  name: string
  type: 'gauge' | 'counter'
  help: string
  /** The value for a whole GPU; undefined: not known, or told for its parts. */
  ofGpu(gpu: GpuReading): number | undefined
  /** The value for a part of a divided GPU, where there is one. */
  ofInstance?(instance: MigInstance): number | undefined
}

const mib = (bytes: number | undefined) => (bytes === undefined ? undefined : bytes / 1024 ** 2)
const bit = (flag: boolean | undefined) => (flag === undefined ? undefined : Number(flag))
/** Memory of a divided GPU is told for its parts: the sum over a node would count it twice otherwise. */
const undivided = (gpu: GpuReading, bytes: number | undefined) => (gpu.migInstances ? undefined : mib(bytes))
const freeBytes = ({ memoryFreeBytes, memoryTotalBytes, memoryUsedBytes, memoryReservedBytes = 0 }: GpuReading) =>
  memoryFreeBytes ??
  (memoryTotalBytes !== undefined && memoryUsedBytes !== undefined
    ? memoryTotalBytes - memoryUsedBytes - memoryReservedBytes
    : undefined)
const performanceState = (text: string | undefined) => {
  const number = /^P(\d+)$/.exec(text ?? '')?.[1]
  return number === undefined ? undefined : Number(number)
}

/**
 * What a look at the GPUs measures, as dcgm-exporter would tell it. Fields that `nvidia-smi` does not report are not here,
 * and those that a driver does not report have no value: neither is ever 0 for that.
 * Sources: etc/default-counters.csv of NVIDIA/dcgm-exporter 4.8 for names, types and units of its default and optional
 * counters; dcgm_fields.h of NVIDIA/DCGM for the others.
 */
export const dcgmCounters: readonly DcgmCounter[] = [
  gauge('DCGM_FI_DEV_SM_CLOCK', 'SM clock (MHz).', (gpu) => gpu.smClockMhz),
  gauge('DCGM_FI_DEV_MEM_CLOCK', 'Memory clock (MHz).', (gpu) => gpu.memoryClockMhz),
  gauge('DCGM_FI_DEV_MAX_SM_CLOCK', 'Highest SM clock (MHz).', (gpu) => gpu.maxSmClockMhz),
  gauge('DCGM_FI_DEV_MEMORY_TEMP', 'Temperature of the memory (C).', (gpu) => gpu.memoryTemperatureCelsius),
  gauge('DCGM_FI_DEV_GPU_TEMP', 'Temperature of the GPU (C).', (gpu) => gpu.temperatureCelsius),
  gauge('DCGM_FI_DEV_POWER_USAGE', 'Power draw (W).', (gpu) => gpu.powerWatts),
  gauge('DCGM_FI_DEV_ENFORCED_POWER_LIMIT', 'Power limit in force (W).', (gpu) => gpu.powerLimitWatts),
  counter('DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION', 'Energy since the driver was loaded (mJ).', (gpu) =>
    gpu.energyJoules === undefined ? undefined : gpu.energyJoules * 1000,
  ),
  gauge('DCGM_FI_DEV_GPU_UTIL', 'Share of time in which a kernel ran (%).', (gpu) => gpu.utilizationPercent),
  gauge(
    'DCGM_FI_DEV_MEM_COPY_UTIL',
    'Share of time in which memory was read or written (%).',
    (gpu) => gpu.memoryUtilizationPercent,
  ),
  gauge('DCGM_FI_DEV_ENC_UTIL', 'Use of the encoder (%).', (gpu) => gpu.encoderPercent),
  gauge('DCGM_FI_DEV_DEC_UTIL', 'Use of the decoder (%).', (gpu) => gpu.decoderPercent),
  memory('DCGM_FI_DEV_FB_FREE', 'Free memory (MiB).', freeBytes, (part) => part.memoryFreeBytes),
  memory(
    'DCGM_FI_DEV_FB_USED',
    'Used memory (MiB).',
    (gpu) => gpu.memoryUsedBytes,
    (part) => part.memoryUsedBytes,
  ),
  memory(
    'DCGM_FI_DEV_FB_RESERVED',
    'Memory that the driver keeps (MiB).',
    (gpu) => gpu.memoryReservedBytes,
    (part) => part.memoryReservedBytes,
  ),
  memory(
    'DCGM_FI_DEV_FB_TOTAL',
    'Memory in all (MiB).',
    (gpu) => gpu.memoryTotalBytes,
    (part) => part.memoryTotalBytes,
  ),
  counter(
    'DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS',
    'Rows of memory remapped for uncorrectable errors.',
    (gpu) => gpu.rowRemapUncorrectable,
  ),
  counter(
    'DCGM_FI_DEV_CORRECTABLE_REMAPPED_ROWS',
    'Rows of memory remapped for correctable errors.',
    (gpu) => gpu.rowRemapCorrectable,
  ),
  gauge('DCGM_FI_DEV_ROW_REMAP_FAILURE', 'Whether the remapping of a row failed.', (gpu) => bit(gpu.rowRemapFailure)),
  gauge('DCGM_FI_DEV_ROW_REMAP_PENDING', 'Whether a row waits for a reset to be remapped.', (gpu) =>
    bit(gpu.rowRemapPending),
  ),
  counter(
    'DCGM_FI_DEV_ECC_SBE_VOL_TOTAL',
    'Corrected memory errors since the driver was loaded.',
    (gpu) => gpu.eccCorrectedVolatile,
  ),
  counter(
    'DCGM_FI_DEV_ECC_DBE_VOL_TOTAL',
    'Uncorrected memory errors since the driver was loaded.',
    (gpu) => gpu.eccUncorrectedVolatile,
  ),
  counter(
    'DCGM_FI_DEV_ECC_SBE_AGG_TOTAL',
    "Corrected memory errors in the GPU's life.",
    (gpu) => gpu.eccCorrectedAggregate,
  ),
  counter(
    'DCGM_FI_DEV_ECC_DBE_AGG_TOTAL',
    "Uncorrected memory errors in the GPU's life.",
    (gpu) => gpu.eccUncorrectedAggregate,
  ),
  counter('DCGM_FI_DEV_RETIRED_SBE', 'Pages retired for errors of a single bit.', (gpu) => gpu.retiredPagesSingleBit),
  counter('DCGM_FI_DEV_RETIRED_DBE', 'Pages retired for errors of two bits.', (gpu) => gpu.retiredPagesDoubleBit),
  counter('DCGM_FI_DEV_RETIRED_PENDING', 'Whether pages wait to be retired.', (gpu) => bit(gpu.retiredPagesPending)),
  gauge(
    'DCGM_FI_DEV_CLOCKS_EVENT_REASONS',
    "Why clocks are lower than they could be: NVML's bits.",
    (gpu) => gpu.clockEvents,
  ),
  gauge(
    'DCGM_FI_DEV_CLOCK_THROTTLE_REASONS',
    'The same under the older name of DCGM_FI_DEV_CLOCKS_EVENT_REASONS.',
    (gpu) => gpu.clockEvents,
  ),
  gauge('DCGM_FI_DEV_PSTATE', 'Performance state, 0 the highest.', (gpu) => performanceState(gpu.performanceState)),
  gauge('DCGM_FI_DEV_PCIE_LINK_GEN', 'Generation of the PCIe link.', (gpu) => gpu.pcieGeneration),
  gauge('DCGM_FI_DEV_PCIE_LINK_WIDTH', 'Width of the PCIe link.', (gpu) => gpu.pcieWidth),
  gauge('DCGM_FI_DEV_PCIE_MAX_LINK_GEN', 'Highest generation of the PCIe link.', (gpu) => gpu.pcieMaxGeneration),
  gauge('DCGM_FI_DEV_PCIE_MAX_LINK_WIDTH', 'Highest width of the PCIe link.', (gpu) => gpu.pcieMaxWidth),
  gauge('DCGM_FI_DEV_MIG_MODE', 'Whether MIG is on.', (gpu) => bit(gpu.migMode)),
  gauge('DCGM_FI_DEV_ECC_CURRENT', 'Whether ECC is on.', (gpu) => bit(gpu.eccMode)),
  gauge('DCGM_FI_DEV_PERSISTENCE_MODE', 'Whether the driver stays loaded.', (gpu) => bit(gpu.persistenceMode)),
]

function gauge(name: string, help: string, ofGpu: DcgmCounter['ofGpu']): DcgmCounter {
  return { name, type: 'gauge', help, ofGpu }
}

function counter(name: string, help: string, ofGpu: DcgmCounter['ofGpu']): DcgmCounter {
  return { name, type: 'counter', help, ofGpu }
}

function memory(
  name: string,
  help: string,
  ofGpu: (gpu: GpuReading) => number | undefined,
  ofInstance: (instance: MigInstance) => number | undefined,
): DcgmCounter {
  return {
    ...gauge(name, help, (gpu) => undivided(gpu, ofGpu(gpu))),
    ofInstance: (instance) => mib(ofInstance(instance)),
  }
}
