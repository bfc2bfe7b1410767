/**
 * The JSON of the job API under /v1. Field names up to `scheduler` are those of the original service; what follows in each
 * record is ours. Times are RFC 3339 UTC strings. Optional fields are left out where the value is not known.
 *
 * | method and path | query, headers or body | answer |
 * |---|---|---|
 * | GET /v1/health | | HealthResponseJson |
 * | GET /v1/jobs | state, user, node, limit, offset; account, partition, from, to | JobListJson |
 * | POST /v1/jobs | X-Changed-By, X-Source, X-Correlation-Id; CreateJobRequestJson | 201 JobJson |
 * | GET /v1/jobs/:jobId | raw id, slurm-<id>, array_task, array_[tasks], het+offset, SLUID or run id | JobJson |
 * | PATCH /v1/jobs/:jobId | the same headers; UpdateJobRequestJson | JobJson |
 * | DELETE /v1/jobs/:jobId | the same headers | 204 |
 * | GET /v1/jobs/:jobId/metrics | start_time, end_time, limit | MetricSamplesJson |
 * | POST /v1/jobs/:jobId/metrics | the same headers; RecordMetricsRequestJson | 201 MetricSampleJson |
 * | GET /v1/jobs/:jobId/series | start_time, end_time, points | JobSeriesJson |
 * | GET /v1/jobs/:jobId/report | | JobReportJson |
 * | GET /v1/jobs/:jobId/audit | limit | AuditEntryJson[] |
 * | GET /v1/jobs/:jobId/runs | | JobJson[], newest first |
 * | GET /v1/audit | job, limit, before | AuditEntryJson[], newest first; of jobs that were removed, too |
 * | GET /v1/usage | by=user,account or partition; start_time, end_time | UsageJson |
 * | GET /v1/waste | | WasteJson[] |
 * | POST /v1/events/job-started | JobStartedEventJson | JobEventResponseJson |
 * | POST /v1/events/job-finished | JobFinishedEventJson | JobEventResponseJson |
 * | POST /v1/events/batch | JobEventBatchJson | JobEventBatchResponseJson |
 */
export const jobRoutes = {
  health: '/v1/health',
  jobs: '/v1/jobs',
  job: '/v1/jobs/:jobId',
  jobMetrics: '/v1/jobs/:jobId/metrics',
  jobSeries: '/v1/jobs/:jobId/series',
  jobReport: '/v1/jobs/:jobId/report',
  jobAudit: '/v1/jobs/:jobId/audit',
  jobRuns: '/v1/jobs/:jobId/runs',
  audit: '/v1/audit',
  usage: '/v1/usage',
  waste: '/v1/waste',
  jobStarted: '/v1/events/job-started',
  jobFinished: '/v1/events/job-finished',
  jobEventBatch: '/v1/events/batch',
} as const

export type JobStateJson = 'pending' | 'running' | 'completed' | 'failed' | 'cancelled'

export interface SchedulerInfoJson {
  type: 'mock' | 'slurm'
  external_job_id?: string
  /** Slurm's own word, e.g. "OUT_OF_MEMORY". */
  raw_state?: string
  submit_time?: string
  partition?: string
  account?: string
  qos?: string
  priority?: number
  exit_code?: number
  state_reason?: string
  time_limit_minutes?: number
  extra?: Record<string, unknown>
}

export interface JobJson {
  id: string
  user: string
  nodes: string[]
  node_count: number
  state: JobStateJson
  /** Null of a job that has not started, or whose start nobody told; `scheduler.submit_time` says since when it waits. */
  start_time: string | null
  end_time?: string
  runtime_seconds: number
  /** Percent of the allocated CPUs, now; of the whole run once it is over. */
  cpu_usage?: number
  memory_usage_mb?: number
  gpu_usage?: number
  requested_cpus?: number
  allocated_cpus?: number
  requested_memory_mb?: number
  allocated_memory_mb?: number
  requested_gpus?: number
  allocated_gpus?: number
  requested_nodes?: number
  cluster_name: string
  scheduler_instance?: string
  ingest_version: 'prolog-v1' | 'api-v1'
  last_sample_at?: string
  sample_count: number
  avg_cpu_usage?: number
  max_cpu_usage?: number
  max_memory_usage_mb?: number
  avg_gpu_usage?: number
  max_gpu_usage?: number
  scheduler?: SchedulerInfoJson
  /** Names this run alone: "812-r1". `id` names the job, whose newest run answers under it. */
  run_id: string
  restart: number
  sluid?: string
  name?: string
  signal?: number
  array_job_id?: number
  array_task_id?: string
  het_job_id?: number
  het_offset?: number
  /** Whether Slurm itself has said how it ended. */
  confirmed: boolean
  /** CPU seconds of all nodes, and where the figures come from, e.g. "cgroup-v2"; "none" where nobody could measure. */
  cpu_seconds?: number
  usage_source: string
  gpus: { node: string; uuid: string; vendor: 'nvidia' | 'amd'; index?: number; model?: string }[]
  /** Nodes whose end has not been told yet. */
  nodes_running: string[]
  cgroup_paths: Record<string, string>
}

export interface JobListJson {
  jobs: JobJson[]
  total: number
  limit: number
  offset: number
}

export interface CreateJobRequestJson {
  id: string
  user: string
  nodes: string[]
  scheduler?: SchedulerInfoJson
}

export interface UpdateJobRequestJson {
  state?: JobStateJson
  cpu_usage?: number
  memory_usage_mb?: number
  gpu_usage?: number
}

export interface RecordMetricsRequestJson {
  cpu_usage: number
  memory_usage_mb: number
  gpu_usage?: number
}

export interface MetricSampleJson {
  timestamp: string
  cpu_usage: number
  memory_usage_mb: number
  gpu_usage?: number
}

export interface MetricSamplesJson {
  job_id: string
  samples: MetricSampleJson[]
  total: number
}

/** The document's event, and ours: `node` and what follows may be left out. */
export interface JobStartedEventJson {
  job_id: string
  user: string
  node_list: string[]
  timestamp: string
  cpu_allocation?: number
  memory_allocation_mb?: number
  gpu_allocation?: number
  gpu_vendor?: 'none' | 'nvidia' | 'amd' | 'mixed'
  gpu_devices?: string[]
  cgroup_path?: string
  partition?: string
  account?: string
  /** The node that speaks; without it the event is about the whole job. */
  node?: string
  cluster?: string
  restart?: number
  sluid?: string
  name?: string
  qos?: string
  work_dir?: string
  array_job_id?: number
  array_task_id?: string
  het_job_id?: number
  het_offset?: number
  gpus?: {
    uuid: string
    vendor: 'nvidia' | 'amd'
    index?: number
    model?: string
    memory_total_bytes?: number
    parent_uuid?: string
  }[]
  /** How the sender came to know: a hook of Slurm told, or the agent saw the job's processes come or go. Absent: by other means. */
  observed_by?: 'hook' | 'scan'
}

export interface JobFinishedEventJson {
  job_id: string
  /** Accepted, kept in the audit, and not believed. */
  final_state: JobStateJson
  timestamp: string
  exit_code?: number
  signal?: number
  node?: string
  /** All nodes of the job, where the sender knows them: an end may come without any start. */
  node_list?: string[]
  cluster?: string
  restart?: number
  sluid?: string
  /** What the node's part used: a NodeUsage of core, or what a hook could read (`cpu_seconds`, `memory_max_bytes`, `oom_kills`). */
  final_metrics?: Record<string, unknown>
  /** How the sender came to know: a hook of Slurm told, or the agent saw the job's processes come or go. Absent: by other means. */
  observed_by?: 'hook' | 'scan'
}

export interface JobEventResponseJson {
  status: 'created' | 'updated' | 'skipped'
  job_id: string
  message: string
}

/** At most 1000 events. */
export interface JobEventBatchJson {
  events: (({ event: 'started' } & JobStartedEventJson) | ({ event: 'finished' } & JobFinishedEventJson))[]
}

export interface JobEventBatchResponseJson {
  /** One per event, in their order. */
  outcomes: (JobEventResponseJson | ErrorResponseJson)[]
}

export interface HealthResponseJson {
  status: 'healthy' | 'degraded' | 'unhealthy'
  timestamp: string
  version: string
  /** Why it is not healthy, in sentences. */
  details?: string[]
}

/** Errors of /v1. */
export interface ErrorResponseJson {
  error:
    | 'invalid_request'
    | 'validation_error'
    | 'not_found'
    | 'conflict'
    | 'unauthorized'
    | 'unavailable'
    | 'internal_error'
  message: string
  details?: Record<string, unknown>
}

export interface AuditEntryJson {
  seq: number
  at: string
  run_id: string
  change: string
  changed_by: string
  source: string
  correlation_id: string
  outcome: 'created' | 'updated'
  event: Record<string, unknown>
}

/** One line to draw: values at `times`; null is not known. */
export interface SeriesLineJson {
  node: string
  /** Absent for the node's host lines. */
  gpu_uuid?: string
  /** e.g. "cpu_percent", "memory_bytes", "gpu_utilization_percent", "gpu_power_watts". */
  metric: string
  unit: 'percent' | 'bytes' | 'watts' | 'celsius' | 'mhz' | 'joules' | 'count' | 'bytes_per_second'
  values: (number | null)[]
}

export interface JobSeriesJson {
  job_id: string
  run_id: string
  from: string
  to: string
  /** ms since the epoch, the same for all lines. */
  times: number[]
  step_seconds: number
  lines: SeriesLineJson[]
}

export interface JobReportJson {
  job: JobJson
  verdict: {
    /** Whose doing the end was. `none`: nothing went wrong so far. A running job on faulty hardware is `hardware`. */
    cause: 'none' | 'code' | 'hardware' | 'limit' | 'cancelled' | 'scheduler' | 'unknown'
    /** One sentence for the user. */
    sentence: string
    confidence: 'certain' | 'likely' | 'possible'
    /** What it rests on, oldest first. */
    evidence: { at?: string; node?: string; gpu_uuid?: string; source: string; text: string }[]
  }
  efficiency: {
    /** Percent of what was allocated; absent where not known. */
    cpu?: number
    memory?: number
    gpu?: number
    gpu_memory?: number
    cpu_seconds?: number
    cpu_seconds_allocated?: number
    memory_max_bytes?: number
    memory_allocated_bytes?: number
    gpu_hours?: number
    gpu_idle_hours?: number
    energy_joules?: number
    walltime_seconds?: number
    time_limit_seconds?: number
  }
  nodes: NodeReportJson[]
  /** Plain sentences; `flag` is the sbatch option to change. */
  notes: { severity: 'info' | 'warning'; text: string; flag?: string }[]
}

export interface NodeReportJson {
  node: string
  /** Where the figures come from; "none": nobody could measure. */
  source: string
  cpus?: number
  cpu_percent?: number
  cpu_seconds?: number
  memory_max_bytes?: number
  memory_limit_bytes?: number
  oom_kills?: number
  io_stall_percent?: number
  memory_stall_percent?: number
  exit_code?: number
  signal?: number
  gpus: {
    uuid: string
    vendor: 'nvidia' | 'amd'
    index?: number
    model?: string
    utilization_mean?: number
    utilization_max?: number
    memory_max_bytes?: number
    memory_total_bytes?: number
    power_watts_mean?: number
    temperature_max?: number
    throttled_seconds?: number
    energy_joules?: number
    idle_seconds?: number
  }[]
}

export interface UsageJson {
  by: 'user' | 'account' | 'partition'
  from: string
  to: string
  rows: {
    name: string
    jobs: number
    jobs_failed: number
    cpu_hours: number
    cpu_hours_used: number | null
    /** Of `cpu_hours`, those of which `cpu_hours_used` is known: what to divide by. */
    cpu_hours_measured?: number
    gpu_hours: number
    gpu_hours_measured?: number
    /** GPU hours weighted by utilization; null where nothing was measured. */
    gpu_hours_used: number | null
    gpu_hours_idle: number | null
    energy_kwh: number | null
  }[]
}

/** GPUs that are held and not used, the largest waste first. */
export interface WasteJson {
  job_id: string
  run_id: string
  user: string
  account?: string
  partition?: string
  name?: string
  gpus_held: number
  gpus_idle: number
  idle_since: string
  idle_gpu_hours: number
  nodes: string[]
  /** e.g. "no process of the job uses them", "0 % for 42 min". */
  reason: string
}
