import type { JobJson, SchedulerInfoJson } from '@navarch/api/jobs'
import type { JobView } from '@navarch/core/job/view-job'
import { withoutUndefined } from '@navarch/slurm/fields'
import type { JobFigures } from './job-figures.ts'
import type { RecordedFigures } from './metric-samples.ts'
import { formatTime } from './rfc3339.ts'

const mebibyte = 1_048_576

export interface JobToRender {
  view: JobView
  figures: JobFigures
  /** What clients of the API recorded, where nothing was measured. */
  recorded?: RecordedFigures
}

/** A run as the API shows it. @param now ms since the epoch */
export function renderJob({ view, figures, recorded }: JobToRender, now: number): JobJson {
  const { group, allocated, requested } = view
  return withoutUndefined<JobJson>({
    id: view.jobId,
    user: view.user,
    nodes: [...view.nodes],
    node_count: view.nodes.length > 0 ? view.nodes.length : (allocated.nodes ?? 0),
    state: view.state,
    start_time: view.startTime === undefined ? null : formatTime(view.startTime),
    end_time: view.endTime === undefined ? undefined : formatTime(view.endTime),
    runtime_seconds: runtimeSeconds(view, now),
    cpu_usage: round(figures.cpuPercent ?? view.set.cpuUsage ?? recorded?.cpuPercent),
    memory_usage_mb: round(mib(figures.memoryBytes) ?? view.set.memoryUsageMb ?? recorded?.memoryMb),
    gpu_usage: round(figures.gpuPercent ?? view.set.gpuUsage ?? recorded?.gpuPercent),
    requested_cpus: requested.cpus,
    allocated_cpus: allocated.cpus,
    requested_memory_mb: requested.memoryMb,
    allocated_memory_mb: allocated.memoryMb,
    requested_gpus: requested.gpus,
    allocated_gpus: allocated.gpus,
    requested_nodes: requested.nodes,
    cluster_name: view.cluster,
    scheduler_instance: view.cluster === 'default' ? undefined : view.cluster,
    ingest_version: view.ingestVersion,
    last_sample_at: optionalTime(figures.lastReadingAt ?? recorded?.lastAt),
    sample_count: figures.readings + (recorded?.count ?? 0),
    avg_cpu_usage: round(figures.cpuPercentMean ?? recorded?.cpuPercentMean),
    max_cpu_usage: round(recorded?.cpuPercentMax),
    max_memory_usage_mb: round(mib(figures.memoryMaxBytes) ?? recorded?.memoryMbMax),
    avg_gpu_usage: round(figures.gpuPercentMean ?? recorded?.gpuPercentMean),
    max_gpu_usage: round(figures.gpuPercentMax ?? recorded?.gpuPercentMax),
    scheduler: renderScheduler(view),
    run_id: view.runId,
    restart: view.restart,
    sluid: view.sluid,
    name: view.name,
    signal: view.exit?.signal || undefined,
    array_job_id: group?.arrayJobId,
    array_task_id: group?.arrayTask,
    het_job_id: group?.hetJobId,
    het_offset: group?.hetOffset,
    confirmed: view.confirmed,
    cpu_seconds: round(figures.cpuSeconds, 3),
    usage_source: figures.source,
    gpus: view.gpus.map(({ node, uuid, vendor, index, model }) =>
      withoutUndefined({ node, uuid, vendor, index, model }),
    ),
    nodes_running: [...view.nodesRunning],
    cgroup_paths: { ...view.cgroupPaths },
  })
}

/** Seconds that the run took, so far while it runs; 0 before it starts. */
export function runtimeSeconds({ state, startTime, endTime }: JobView, now: number): number {
  if (startTime === undefined || state === 'pending') return 0
  return Math.max(0, (endTime ?? now) - startTime) / 1000
}

function renderScheduler(view: JobView): SchedulerInfoJson {
  const { external_job_id: externalId, ...extra } = view.extra
  return withoutUndefined<SchedulerInfoJson>({
    type: view.schedulerType,
    external_job_id: typeof externalId === 'string' ? externalId : view.jobId,
    raw_state: view.rawState,
    submit_time: optionalTime(view.submitTime),
    partition: view.partition,
    account: view.account,
    qos: view.qos,
    priority: view.priority,
    exit_code: view.exit?.status,
    state_reason: view.stateReason,
    time_limit_minutes: view.timeLimitMinutes,
    extra: Object.keys(extra).length > 0 ? extra : undefined,
  })
}

function optionalTime(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : formatTime(ms)
}

function mib(bytes: number | undefined): number | undefined {
  return bytes === undefined ? undefined : bytes / mebibyte
}

function round(value: number | undefined, digits = 2): number | undefined {
  return value === undefined ? undefined : Number(value.toFixed(digits))
}
