import { type GpuUsage, type NodeUsage, usageSources } from '@navarch/core/job/node-usage'
import { withoutUndefined } from '@navarch/slurm/fields'
import { z } from 'zod'

const amountRule = 'must be a number from 0'
const amount = z.number(amountRule).min(0, amountRule).optional()
const moment = z.number('must be ms since the epoch')
const source = z.enum(usageSources, `must be one of ${usageSources.join(', ')}`)
const vendor = z.enum(['nvidia', 'amd'], 'must be one of nvidia, amd')
const label = z.string('must be text').max(255, 'must be text of at most 255 characters')

const gpuUsage = z.object(
  {
    uuid: label,
    vendor,
    index: amount,
    model: label.optional(),
    readings: z.number(amountRule),
    utilizationMean: amount,
    utilizationMax: amount,
    utilization: amount,
    memoryBytes: amount,
    memoryMaxBytes: amount,
    memoryTotalBytes: amount,
    powerWattsMean: amount,
    powerWattsMax: amount,
    temperatureMax: amount,
    energyJoules: amount,
    throttledSeconds: amount,
    idleSeconds: amount,
    energySource: z.enum(['counter', 'power'], 'must be one of counter, power').optional(),
    utilizationSeconds: amount,
    powerSeconds: amount,
    last: z
      .object(
        {
          at: moment,
          powerWatts: amount,
          throttled: z.boolean('must be true or false').optional(),
          energyCounterJoules: amount,
        },
        'must be an object',
      )
      .optional(),
  },
  'must be an object',
)

/** A NodeUsage of core as JSON, as agents send it. */
export const nodeUsageSchema = z.object(
  {
    source,
    since: moment,
    until: moment,
    readings: z.number(amountRule),
    cpuSeconds: amount,
    cpuUserSeconds: amount,
    cpuSystemSeconds: amount,
    cpus: amount,
    memoryBytes: amount,
    memoryMaxBytes: amount,
    memoryPeakBytes: amount,
    memoryLimitBytes: amount,
    oomKills: amount,
    readBytes: amount,
    writeBytes: amount,
    cpuStallSeconds: amount,
    memoryStallSeconds: amount,
    ioStallSeconds: amount,
    processesMax: amount,
    gpus: z.array(gpuUsage, 'must be a list').max(1024, 'must have at most 1024 items'),
  },
  'must be an object',
)

/** What a hook without an agent could read of the cgroup at the end. */
export const hookMetricsSchema = z.looseObject({
  source: source.optional(),
  cpu_seconds: amount,
  cpu_user_seconds: amount,
  cpu_system_seconds: amount,
  memory_max_bytes: amount,
  memory_peak_bytes: amount,
  memory_limit_bytes: amount,
  oom_kills: amount,
  read_bytes: amount,
  write_bytes: amount,
})

export function usageOfAgent(usage: z.output<typeof nodeUsageSchema>): NodeUsage {
  return withoutUndefined<NodeUsage>({ ...usage, gpus: usage.gpus.map(gpuOf) })
}

function gpuOf({ last, ...gpu }: z.output<typeof gpuUsage>): GpuUsage {
  return withoutUndefined<GpuUsage>({ ...gpu, last: last && withoutUndefined<NonNullable<GpuUsage['last']>>(last) })
}

/**
 * A hook's last look at the cgroup as a usage of one reading; undefined when it read nothing.
 * @param at when the job ended, ms
 */
export function usageOfHook(metrics: z.output<typeof hookMetricsSchema>, at: number): NodeUsage | undefined {
  const values = withoutUndefined({
    cpuSeconds: metrics.cpu_seconds,
    cpuUserSeconds: metrics.cpu_user_seconds,
    cpuSystemSeconds: metrics.cpu_system_seconds,
    memoryMaxBytes: metrics.memory_max_bytes,
    memoryPeakBytes: metrics.memory_peak_bytes,
    memoryLimitBytes: metrics.memory_limit_bytes,
    oomKills: metrics.oom_kills,
    readBytes: metrics.read_bytes,
    writeBytes: metrics.write_bytes,
  })
  if (Object.keys(values).length === 0) return undefined
  return { source: metrics.source ?? 'cgroup-v2', since: at, until: at, readings: 1, ...values, gpus: [] }
}
