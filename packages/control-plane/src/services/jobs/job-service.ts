import type { JobSampleBatch } from '@navarch/api/control-plane'
import type {
  AuditEntryJson,
  ErrorResponseJson,
  HealthResponseJson,
  JobEventResponseJson,
  JobJson,
  JobListJson,
  JobReportJson,
  JobSeriesJson,
  MetricSampleJson,
  MetricSamplesJson,
  UsageJson,
  WasteJson,
} from '@navarch/api/jobs'
import type { Origin } from '@navarch/core/job/job-event'
import type { z } from 'zod'
import type {
  createJobRequest,
  jobsQuery,
  metricsQuery,
  recordMetricsRequest,
  seriesQuery,
  updateJobRequest,
  usageQuery,
  wholeAuditQuery,
} from './request-schemas.ts'

/**
 * What can be asked about jobs. An id is a raw one, `slurm-<id>`, an array's task, a het component, a SLUID or a run; it means
 * the newest run of the job where it does not name one. All throw only `ServiceError`.
 */
export interface JobService extends JobEvents, JobReads, JobWrites {
  health(): Promise<HealthResponseJson>
}

/** What hooks and agents tell. Everything is durable when a promise resolves. */
export interface JobEvents {
  started(json: unknown, sender: Sender): Promise<JobEventResponseJson>
  finished(json: unknown, sender: Sender): Promise<JobEventResponseJson>
  /** One outcome per event: what is wrong with one stops no other. */
  batch(json: unknown, sender: Sender): Promise<(JobEventResponseJson | ErrorResponseJson)[]>
  /** Events as JSON texts in an agent's order. What can never be taken is logged and left out. */
  agentEvents(node: string, texts: readonly string[]): Promise<void>
  agentSamples(node: string, batches: readonly JobSampleBatch[]): Promise<void>
}

/** Who sent an event, as far as its headers tell. */
export type Sender = Partial<Origin>

export interface JobReads {
  list(query: z.output<typeof jobsQuery>): Promise<JobListJson>
  get(id: string): Promise<JobJson>
  runs(id: string): Promise<JobJson[]>
  audit(id: string, limit: number): Promise<AuditEntryJson[]>
  /** Of jobs that were removed, too. */
  wholeAudit(query: z.output<typeof wholeAuditQuery>): Promise<AuditEntryJson[]>
  metrics(id: string, query: z.output<typeof metricsQuery>): Promise<MetricSamplesJson>
  series(id: string, query: z.output<typeof seriesQuery>): Promise<JobSeriesJson>
  report(id: string): Promise<JobReportJson>
  usage(query: z.output<typeof usageQuery>): Promise<UsageJson>
  waste(): Promise<WasteJson[]>
}

export interface JobWrites {
  create(request: z.output<typeof createJobRequest>, origin: Origin): Promise<JobJson>
  update(id: string, request: z.output<typeof updateJobRequest>, origin: Origin): Promise<JobJson>
  /** The run, or all runs of the job. */
  remove(id: string, origin: Origin): Promise<void>
  record(id: string, request: z.output<typeof recordMetricsRequest>, origin: Origin): Promise<MetricSampleJson>
}
