import { jobStates } from '@navarch/core/job/job-event'
import { causes, confidences } from '@navarch/core/job/job-report'
import { z } from 'zod'
import { schedulerInfo } from '../../services/jobs/request-schemas.ts'

/* Answers of the job API as `/openapi.json` shows them. Their types are those of `@navarch/api/jobs`; routes.ts compares. */

const text = z.string()
const number = z.number()
const count = z.int().min(0)
const time = z.string().meta({ format: 'date-time' })
const vendor = z.enum(['nvidia', 'amd'])
const nullable = number.nullable()

const errorCodes = [
  'invalid_request',
  'validation_error',
  'not_found',
  'conflict',
  'unauthorized',
  'unavailable',
  'internal_error',
] as const

export const errorResponse = z
  .object({ error: z.enum(errorCodes), message: text, details: z.record(text, z.unknown()).optional() })
  .meta({ id: 'ErrorResponse' })

export const healthResponse = z
  .object({
    status: z.enum(['healthy', 'degraded', 'unhealthy']),
    timestamp: time,
    version: text,
    details: z.array(text).optional().meta({ description: 'why it is not healthy' }),
  })
  .meta({ id: 'HealthResponse' })

export const job = z
  .object({
    id: text,
    user: text,
    nodes: z.array(text),
    node_count: count,
    state: z.enum(jobStates),
    start_time: time.nullable().meta({
      description: 'null: it has not started, or nobody told; scheduler.submit_time says since when it waits',
    }),
    end_time: time.optional(),
    runtime_seconds: number.min(0),
    cpu_usage: number.min(0).max(100).optional().meta({ description: 'percent now; of the whole run once it is over' }),
    memory_usage_mb: number.min(0).optional(),
    gpu_usage: number.min(0).max(100).optional(),
    requested_cpus: number.optional(),
    allocated_cpus: number.optional(),
    requested_memory_mb: number.optional(),
    allocated_memory_mb: number.optional(),
    requested_gpus: number.optional(),
    allocated_gpus: number.optional(),
    requested_nodes: number.optional(),
    cluster_name: text,
    scheduler_instance: text.optional(),
    ingest_version: z.enum(['prolog-v1', 'api-v1']),
    last_sample_at: time.optional(),
    sample_count: count,
    avg_cpu_usage: number.optional(),
    max_cpu_usage: number.optional(),
    max_memory_usage_mb: number.optional(),
    avg_gpu_usage: number.optional(),
    max_gpu_usage: number.optional(),
    scheduler: schedulerInfo.optional(),
    run_id: text.meta({ description: 'names this run alone, e.g. 812-r1' }),
    restart: count,
    sluid: text.optional(),
    name: text.optional(),
    signal: count.optional(),
    array_job_id: count.optional(),
    array_task_id: text.optional(),
    het_job_id: count.optional(),
    het_offset: count.optional(),
    confirmed: z.boolean().meta({ description: 'whether Slurm itself has said how it ended' }),
    cpu_seconds: number.optional(),
    usage_source: text.meta({ description: 'where the figures come from, e.g. cgroup-v2; none: nobody could measure' }),
    gpus: z.array(z.object({ node: text, uuid: text, vendor, index: count.optional(), model: text.optional() })),
    nodes_running: z.array(text).meta({ description: 'nodes whose end has not been told yet' }),
    cgroup_paths: z.record(text, text),
  })
  .meta({ id: 'Job' })

export const jobs = z.array(job)
export const jobList = z.object({ jobs, total: count, limit: count, offset: count }).meta({ id: 'JobList' })

export const metricSample = z
  .object({
    timestamp: time,
    cpu_usage: number.min(0).max(100),
    memory_usage_mb: number.min(0),
    gpu_usage: number.min(0).max(100).optional(),
  })
  .meta({ id: 'MetricSample' })
export const metricSamples = z
  .object({ job_id: text, samples: z.array(metricSample), total: count })
  .meta({ id: 'MetricSamples' })

export const jobEventResponse = z
  .object({ status: z.enum(['created', 'updated', 'skipped']), job_id: text, message: text })
  .meta({ id: 'JobEventResponse' })
export const jobEventBatchResponse = z
  .object({ outcomes: z.array(z.union([jobEventResponse, errorResponse])) })
  .meta({ id: 'JobEventBatchResponse', description: 'one outcome per event, in order' })

export const auditEntries = z.array(
  z
    .object({
      seq: count,
      at: time,
      run_id: text,
      change: text,
      changed_by: text,
      source: text,
      correlation_id: text,
      outcome: z.enum(['created', 'updated']),
      event: z.record(text, z.unknown()),
    })
    .meta({ id: 'AuditEntry' }),
)

export const jobSeries = z
  .object({
    job_id: text,
    run_id: text,
    from: time,
    to: time,
    times: z.array(number).meta({ description: 'ms since the epoch, the same for all lines' }),
    step_seconds: number,
    lines: z.array(
      z.object({
        node: text,
        gpu_uuid: text.optional(),
        metric: text,
        unit: z.enum(['percent', 'bytes', 'watts', 'celsius', 'mhz', 'joules', 'count', 'bytes_per_second']),
        values: z.array(nullable).meta({ description: 'null is not known' }),
      }),
    ),
  })
  .meta({ id: 'JobSeries' })

const gpuReport = z.object({
  uuid: text,
  vendor,
  index: count.optional(),
  model: text.optional(),
  utilization_mean: number.optional(),
  utilization_max: number.optional(),
  memory_max_bytes: number.optional(),
  memory_total_bytes: number.optional(),
  power_watts_mean: number.optional(),
  temperature_max: number.optional(),
  throttled_seconds: number.optional(),
  energy_joules: number.optional(),
  idle_seconds: number.optional(),
})

const nodeReport = z.object({
  node: text,
  source: text,
  cpus: number.optional(),
  cpu_percent: number.optional(),
  cpu_seconds: number.optional(),
  memory_max_bytes: number.optional(),
  memory_limit_bytes: number.optional(),
  oom_kills: number.optional(),
  io_stall_percent: number.optional(),
  memory_stall_percent: number.optional(),
  exit_code: number.optional(),
  signal: number.optional(),
  gpus: z.array(gpuReport),
})

export const jobReport = z
  .object({
    job,
    verdict: z.object({
      cause: z.enum(causes),
      sentence: text,
      confidence: z.enum(confidences),
      evidence: z.array(
        z.object({
          at: time.optional(),
          node: text.optional(),
          gpu_uuid: text.optional(),
          source: text,
          text,
        }),
      ),
    }),
    efficiency: z.object({
      cpu: number.optional(),
      memory: number.optional(),
      gpu: number.optional(),
      gpu_memory: number.optional(),
      cpu_seconds: number.optional(),
      cpu_seconds_allocated: number.optional(),
      memory_max_bytes: number.optional(),
      memory_allocated_bytes: number.optional(),
      gpu_hours: number.optional(),
      gpu_idle_hours: number.optional(),
      energy_joules: number.optional(),
      walltime_seconds: number.optional(),
      time_limit_seconds: number.optional(),
    }),
    nodes: z.array(nodeReport),
    notes: z.array(z.object({ severity: z.enum(['info', 'warning']), text, flag: text.optional() })),
  })
  .meta({ id: 'JobReport' })

export const usage = z
  .object({
    by: z.enum(['user', 'account', 'partition']),
    from: time,
    to: time,
    rows: z.array(
      z.object({
        name: text,
        jobs: count,
        jobs_failed: count,
        cpu_hours: number,
        cpu_hours_used: nullable,
        cpu_hours_measured: number.optional(),
        gpu_hours: number,
        gpu_hours_used: nullable,
        gpu_hours_measured: number.optional(),
        gpu_hours_idle: nullable,
        energy_kwh: nullable,
      }),
    ),
  })
  .meta({ id: 'Usage' })

export const waste = z.array(
  z
    .object({
      job_id: text,
      run_id: text,
      user: text,
      account: text.optional(),
      partition: text.optional(),
      name: text.optional(),
      gpus_held: number,
      gpus_idle: number,
      idle_since: time,
      idle_gpu_hours: number,
      nodes: z.array(text),
      reason: text,
    })
    .meta({ id: 'Waste' }),
)
