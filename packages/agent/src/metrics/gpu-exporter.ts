import type { GpuReading } from '@navarch/gpu/gpu-reading'
import type { NvidiaSmi } from '@navarch/gpu/nvidia-smi'
import { renderMetrics } from '@navarch/metrics/exposition'
import { gpuExporterMetrics } from '@navarch/metrics/gpu/gpu-metrics'
import type { Clock } from '@navarch/system/clock'
import type { KernelFault } from '../kernel-findings.ts'
import { type GpuJob, gpuHolders, jobMapping } from './gpu-holders.ts'
import type { JobMappingFiles } from './job-mapping-files.ts'
import type { XidHistory } from './xid-history.ts'

export interface GpuExporterOptions {
  node: string
  version: string
  clock: Clock
  /** How often the GPUs are looked at, ms. */
  sampleIntervalMs: number
  /** undefined: no kernel log can be read. */
  xids: XidHistory | undefined
  /** undefined: no files are written. */
  mapping: JobMappingFiles | undefined
  /** The jobs that the agent follows now. */
  jobs: () => readonly GpuJob[]
}

/** Keeps what the agent sees of its GPUs and says it as metrics. A scrape starts nothing and waits for nothing. */
export interface GpuExporter {
  /** The same looks, each of them seen by the exporter too. */
  observe(smi: NvidiaSmi): NvidiaSmi
  onFault(fault: KernelFault): void
  /** A job has come or gone. */
  onJobs(): void
  /** The page, in Prometheus' text format. */
  render(): string
  close(): Promise<void>
}

/** A look may take until the tool's deadline, 20 s: readings are not stale for that. */
const leastStaleMs = 60_000

export function createGpuExporter(options: GpuExporterOptions): GpuExporter {
  const { clock, node, version, xids, mapping } = options
  const staleAfterMs = Math.max(leastStaleMs, 3 * options.sampleIntervalMs)
  let readings: { at: number; gpus: readonly GpuReading[] } | undefined
  let look: { tookMs: number; failedInARow: number } | undefined
  /** What was once known of each GPU: one that is lost says nothing but its address. */
  const identities = new Map<string, GpuReading>()

  const named = (gpu: GpuReading): GpuReading => {
    const { pciBusId } = gpu
    if (pciBusId === undefined) return gpu
    if (gpu.uuid === undefined) return { ...identities.get(pciBusId), ...gpu }
    const { index, uuid, name, driverVersion } = gpu
    const identity: { [K in keyof GpuReading]?: GpuReading[K] | undefined } = { index, uuid, name, driverVersion }
    identities.set(pciBusId, Object.fromEntries(Object.entries(identity).filter(([, value]) => value !== undefined)))
    return gpu
  }
  const writeMapping = (): void => {
    if (readings) mapping?.write(jobMapping(gpuHolders(options.jobs(), clock.now()), readings.gpus))
  }

  return {
    observe: (smi) => ({
      look: async () => {
        const startedAt = clock.now()
        const result = await smi.look()
        const at = clock.now()
        const failedInARow = result.kind === 'failed' ? (look?.failedInARow ?? 0) + 1 : 0
        look = { tookMs: Math.max(0, at - startedAt), failedInARow }
        if (result.kind === 'readings') {
          readings = { at, gpus: result.gpus.map(named) }
          writeMapping()
        }
        return result
      },
    }),
    onFault: (fault) => xids?.add(fault, readings?.gpus ?? []),
    onJobs: writeMapping,
    render: () => {
      const now = clock.now()
      const jobs = gpuHolders(options.jobs(), now)
      const state = { node, version, jobs, xids: xids?.all(), staleAfterMs }
      return renderMetrics(gpuExporterMetrics({ ...state, ...(readings && { readings }), ...(look && { look }) }, now))
    },
    close: async () => {
      await Promise.all([mapping?.close(), xids?.close()])
    },
  }
}
