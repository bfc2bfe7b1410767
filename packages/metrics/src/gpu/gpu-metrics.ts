import type { GpuReading } from '@navarch/gpu/gpu-reading'
import type { Metric, MetricSample } from '../exposition.ts'
import { dcgmCounters } from './dcgm-counters.ts'
import { type GpuEntity, gpuEntities, type JobsByUuid, labelsOf } from './gpu-entities.ts'
import { type GpuXid, lastXidOf } from './gpu-xid.ts'

/** What an agent knows of its GPUs. */
export interface GpuExporterState {
  /** The node's name in Slurm. */
  node: string
  version: string
  /** The last look that gave readings; absent before the first. */
  readings?: { at: number; gpus: readonly GpuReading[] }
  /** The last look that ended, whatever came of it; absent before the first. */
  look?: { tookMs: number; failedInARow: number }
  jobs: JobsByUuid
  /** XID errors of this boot; undefined: no kernel log can be read, so nobody knows. */
  xids: readonly GpuXid[] | undefined
  /** Age of readings from which they say nothing of the GPUs any more, ms. */
  staleAfterMs: number
}

/**
 * All that the agent's `/metrics` shows. Values of GPUs are there while the last readings are fresh: a GPU that nobody could
 * look at has no series, and `navarch_agent_gpu_up` says why.
 */
export function gpuExporterMetrics(state: GpuExporterState, now: number): Metric[] {
  const { node, readings, look, xids } = state
  const host = { Hostname: node }
  // A clock that was set back makes no reading older.
  const ageMs = readings ? Math.max(0, now - readings.at) : undefined
  const isFresh = ageMs !== undefined && ageMs <= state.staleAfterMs
  const gpus = isFresh ? (readings?.gpus ?? []) : []
  const single = (value: number | undefined): MetricSample[] => (value === undefined ? [] : [{ labels: host, value }])
  const metrics: Metric[] = [
    ...dcgmMetrics(gpuEntities(node, gpus, state.jobs), xids),
    ...conditionMetrics(node, gpus),
    ...xidMetrics(node, xids ?? []),
    {
      name: 'navarch_agent_info',
      help: 'The agent that answers.',
      type: 'gauge',
      samples: [{ labels: { ...host, version: state.version }, value: 1 }],
    },
    {
      name: 'navarch_agent_gpu_up',
      help: 'Whether the last look at the GPUs gave readings, and they are fresh; absent before the first look.',
      type: 'gauge',
      samples: single(look && Number(isFresh && look.failedInARow === 0)),
    },
    {
      name: 'navarch_agent_gpu_readings_age_seconds',
      help: 'Age of the readings; absent before the first.',
      type: 'gauge',
      samples: single(ageMs === undefined ? undefined : ageMs / 1000),
    },
    {
      name: 'navarch_agent_gpu_look_duration_seconds',
      help: 'How long the last look at the GPUs took.',
      type: 'gauge',
      samples: single(look && look.tookMs / 1000),
    },
    {
      name: 'navarch_agent_gpu_failed_looks',
      help: 'Looks at the GPUs that failed in a row.',
      type: 'gauge',
      samples: single(look?.failedInARow),
    },
    {
      name: 'navarch_agent_gpus',
      help: 'GPUs that answer; absent while the readings are not fresh.',
      type: 'gauge',
      samples: single(isFresh ? gpus.filter((gpu) => !gpu.lost).length : undefined),
    },
  ]
  return metrics.filter(({ samples }) => samples.length > 0)
}

function dcgmMetrics(entities: readonly GpuEntity[], xids: readonly GpuXid[] | undefined): Metric[] {
  const metrics = dcgmCounters.map(({ name, help, type, ofGpu, ofInstance }): Metric => {
    const measured = ({ gpu, instance }: GpuEntity) => (instance ? ofInstance?.(instance) : ofGpu(gpu))
    return { name, help, type, samples: entities.flatMap((entity) => samplesOf(entity, measured(entity))) }
  })
  if (!xids) return metrics
  const last: Metric = {
    name: 'DCGM_FI_DEV_XID_ERRORS',
    help: 'Code of the last XID error in this boot; 0: none.',
    type: 'gauge',
    samples: entities.flatMap((entity) => (entity.instance ? [] : samplesOf(entity, lastXidOf(xids, entity.gpu)))),
  }
  return [...metrics, last]
}

function samplesOf({ labels }: GpuEntity, value: number | undefined): MetricSample[] {
  return value === undefined ? [] : labels.map((set) => ({ labels: set, value }))
}

/** Bits of `clocks_event_reasons.active` by what they mean. PromQL cannot tell bits apart. Source: nvml.h. */
const slowdownBits = {
  sw_power_cap: 0x4,
  hw_slowdown: 0x8,
  sw_thermal: 0x20,
  hw_thermal: 0x40,
  hw_power_brake: 0x80,
} as const

/** What DCGM has no field for, of each GPU. */
function conditionMetrics(node: string, gpus: readonly GpuReading[]): Metric[] {
  const known = gpus.filter((gpu) => gpu.vendor === undefined)
  const ofGpus = (
    name: string,
    help: string,
    samples: (gpu: GpuReading) => readonly { labels?: Record<string, string>; value: number | undefined }[],
  ): Metric => ({
    name,
    help,
    type: 'gauge',
    samples: known.flatMap((gpu) =>
      samples(gpu).flatMap(({ labels, value }) =>
        value === undefined ? [] : [{ labels: { ...shortLabels(node, gpu), ...labels }, value }],
      ),
    ),
  })
  return [
    ofGpus('navarch_agent_gpu_lost', 'Whether the driver cannot reach the GPU.', (gpu) => [
      { value: Number(gpu.lost ?? false) },
    ]),
    ofGpus('navarch_agent_gpu_requires_reset', 'Whether the GPU answers that it requires a reset.', (gpu) => [
      { value: Number(gpu.requiresReset ?? false) },
    ]),
    ofGpus('navarch_agent_gpu_recovery_action', 'The action that the driver asks for; 0 for "None".', (gpu) => [
      {
        labels: { action: gpu.recoveryAction ?? '' },
        value: gpu.recoveryAction === undefined ? undefined : Number(!/^none$/i.test(gpu.recoveryAction)),
      },
    ]),
    ofGpus(
      'navarch_agent_gpu_temperature_margin_celsius',
      'Degrees left before the hardware slows the clocks.',
      (gpu) => [{ value: gpu.temperatureMarginCelsius }],
    ),
    ofGpus('navarch_agent_gpu_clocks_slowed', 'Whether clocks are slowed, by reason.', ({ clockEvents }) =>
      Object.entries(slowdownBits).map(([reason, bits]) => ({
        labels: { reason },
        value: clockEvents === undefined ? undefined : Number((clockEvents & bits) !== 0),
      })),
    ),
  ]
}

function xidMetrics(node: string, xids: readonly GpuXid[]): Metric[] {
  const labels = ({ gpu, xid }: GpuXid) => ({ ...shortLabels(node, gpu), xid: String(xid) })
  return [
    {
      name: 'navarch_agent_gpu_xid_errors_total',
      help: 'XID errors in this boot, by code.',
      type: 'counter',
      samples: xids.map((xid) => ({ labels: labels(xid), value: xid.count })),
    },
    {
      name: 'navarch_agent_gpu_xid_last_timestamp_seconds',
      help: 'When an XID error came last, by code.',
      type: 'gauge',
      samples: xids.map((xid) => ({ labels: labels(xid), value: xid.lastAt / 1000 })),
    },
  ]
}

/** Enough to join with the series under DCGM's names, on (Hostname, gpu) or on (UUID). */
function shortLabels(node: string, gpu: GpuReading): Record<string, string> {
  const { gpu: index = '', UUID = '', pci_bus_id = '' } = labelsOf(node, gpu)
  return { gpu: index, UUID, pci_bus_id, Hostname: node }
}
