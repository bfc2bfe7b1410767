import { createRoute, type RouteConfig } from '@hono/zod-openapi'
import { jobRoutes } from '@navarch/api/jobs'
import type { z } from 'zod'
import {
  auditQuery,
  createJobRequest,
  jobEventBatch,
  jobFinishedEvent,
  jobPath,
  jobStartedEvent,
  jobsQuery,
  metricsQuery,
  noQuery,
  originHeaders,
  recordMetricsRequest,
  seriesQuery,
  updateJobRequest,
  usageQuery,
  wholeAuditQuery,
} from '../../services/jobs/request-schemas.ts'
import * as answers from './answer-schemas.ts'

/* Each route once: what validates its requests, and what `/openapi.json` says of it. */

const errorTexts = {
  400: 'the request is not as it must be; the message names path, rule and value',
  401: 'a token is required, or is not the right one',
  403: 'changes are taken from loopback alone while no token is set',
  404: 'there is no such job',
  409: 'there is a job of this id already',
  413: 'the body is too large',
  415: 'the body is not JSON, or does not say so',
  500: 'internal error; the log has the details',
  503: 'the store does not answer now; send the request again',
} as const
type ErrorStatus = keyof typeof errorTexts

function json<Schema extends z.ZodType>(schema: Schema, description: string) {
  return { description, content: { 'application/json': { schema } } }
}

type ErrorAnswers<Status extends ErrorStatus> = {
  [S in Status]: { description: string; content: { 'application/json': { schema: typeof answers.errorResponse } } }
}

function errors<const Status extends ErrorStatus>(...statuses: Status[]): ErrorAnswers<Status> {
  return Object.fromEntries(
    statuses.map((status) => [status, json(answers.errorResponse, errorTexts[status])]),
  ) as ErrorAnswers<Status>
}

function body<Schema extends z.ZodType>(schema: Schema) {
  return { required: true, content: { 'application/json': { schema } } }
}

/** "/v1/jobs/:jobId" as OpenAPI writes it. */
function template<Path extends string>(path: Path) {
  return path.replace(/:(\w+)/g, '{$1}')
}

const readErrors = errors(400, 500, 503)
const jobErrors = errors(400, 404, 500, 503)
const writeErrors = errors(400, 401, 403, 413, 415, 500, 503)
const eventErrors = errors(400, 401, 403, 413, 415, 500, 503)

const jobRequest = { params: jobPath, query: noQuery }
const writeRequest = { headers: originHeaders, query: noQuery }

const bearer = [{}, { bearer: [] }]

export const health = createRoute({
  method: 'get',
  path: jobRoutes.health,
  tags: ['service'],
  summary: 'Whether the service works',
  request: { query: noQuery },
  responses: { 200: json(answers.healthResponse, 'healthy, degraded or unhealthy'), ...errors(400, 500) },
})

export const listJobs = createRoute({
  method: 'get',
  path: jobRoutes.jobs,
  tags: ['jobs'],
  summary: 'Runs of jobs, the newest first',
  request: { query: jobsQuery },
  responses: { 200: json(answers.jobList, 'a page of runs'), ...readErrors },
})

export const createJob = createRoute({
  method: 'post',
  path: jobRoutes.jobs,
  tags: ['jobs'],
  summary: 'Makes a job by hand',
  security: bearer,
  request: { ...writeRequest, body: body(createJobRequest) },
  responses: { 201: json(answers.job, 'the job'), ...writeErrors, ...errors(409) },
})

export const getJob = createRoute({
  method: 'get',
  path: template(jobRoutes.job),
  tags: ['jobs'],
  summary: 'The newest run of a job, or the run that the id names',
  request: jobRequest,
  responses: { 200: json(answers.job, 'the run'), ...jobErrors },
})

export const updateJob = createRoute({
  method: 'patch',
  path: template(jobRoutes.job),
  tags: ['jobs'],
  summary: 'Changes a job by hand; a final state stays as it is',
  security: bearer,
  request: { ...writeRequest, params: jobPath, body: body(updateJobRequest) },
  responses: { 200: json(answers.job, 'the run'), ...writeErrors, ...errors(404) },
})

export const deleteJob = createRoute({
  method: 'delete',
  path: template(jobRoutes.job),
  tags: ['jobs'],
  summary: 'Removes a job with all its runs, or one run; the audit stays',
  security: bearer,
  request: { ...writeRequest, params: jobPath },
  responses: { 204: { description: 'removed' }, ...errors(400, 401, 403, 404, 415, 500, 503) },
})

export const getMetrics = createRoute({
  method: 'get',
  path: template(jobRoutes.jobMetrics),
  tags: ['samples'],
  summary: 'Samples of the whole job, oldest first: the latest of the window',
  request: { params: jobPath, query: metricsQuery },
  responses: { 200: json(answers.metricSamples, 'samples'), ...jobErrors },
})

export const recordMetrics = createRoute({
  method: 'post',
  path: template(jobRoutes.jobMetrics),
  tags: ['samples'],
  summary: 'Records a sample by hand',
  security: bearer,
  request: { ...writeRequest, params: jobPath, body: body(recordMetricsRequest) },
  responses: { 201: json(answers.metricSample, 'the sample'), ...writeErrors, ...errors(404) },
})

export const getSeries = createRoute({
  method: 'get',
  path: template(jobRoutes.jobSeries),
  tags: ['samples'],
  summary: 'Lines to draw, by node and GPU',
  request: { params: jobPath, query: seriesQuery },
  responses: { 200: json(answers.jobSeries, 'lines over one grid of times'), ...jobErrors },
})

export const getReport = createRoute({
  method: 'get',
  path: template(jobRoutes.jobReport),
  tags: ['jobs'],
  summary: 'How the job ended and why, how it used what it had, and what to change',
  request: jobRequest,
  responses: { 200: json(answers.jobReport, 'the report'), ...jobErrors },
})

export const getAudit = createRoute({
  method: 'get',
  path: template(jobRoutes.jobAudit),
  tags: ['jobs'],
  summary: 'Every change with who made it, the newest first',
  request: { params: jobPath, query: auditQuery },
  responses: { 200: json(answers.auditEntries, 'audit rows'), ...jobErrors },
})

export const getRuns = createRoute({
  method: 'get',
  path: template(jobRoutes.jobRuns),
  tags: ['jobs'],
  summary: 'All runs of a job, the newest first',
  request: jobRequest,
  responses: { 200: json(answers.jobs, 'runs'), ...jobErrors },
})

export const getWholeAudit = createRoute({
  method: 'get',
  path: jobRoutes.audit,
  tags: ['fleet'],
  summary: 'Every change of every job, the newest first; of jobs that were removed, too',
  request: { query: wholeAuditQuery },
  responses: { 200: json(answers.auditEntries, 'audit rows'), ...readErrors },
})

export const getUsage = createRoute({
  method: 'get',
  path: jobRoutes.usage,
  tags: ['fleet'],
  summary: 'What users, accounts or partitions held and used; the last 7 days without a window',
  request: { query: usageQuery },
  responses: { 200: json(answers.usage, 'rows, the most GPU hours first'), ...readErrors },
})

export const getWaste = createRoute({
  method: 'get',
  path: jobRoutes.waste,
  tags: ['fleet'],
  summary: 'GPUs that are held and not used, the largest waste first',
  request: { query: noQuery },
  responses: { 200: json(answers.waste, 'jobs'), ...readErrors },
})

/** Routes that are served before Hono, for their number; see event-routes.ts. */
export const eventRoutes: readonly RouteConfig[] = [
  {
    method: 'post',
    path: jobRoutes.jobStarted,
    tags: ['events'],
    summary: 'A job, or its part on one node, began; may come in any order, late and again',
    security: bearer,
    request: { body: body(jobStartedEvent) },
    responses: { 200: json(answers.jobEventResponse, 'durable'), ...eventErrors },
  },
  {
    method: 'post',
    path: jobRoutes.jobFinished,
    tags: ['events'],
    summary:
      'A job, or its part on one node, ended; the state follows from exit status and Slurm, not from final_state',
    security: bearer,
    request: { body: body(jobFinishedEvent) },
    responses: { 200: json(answers.jobEventResponse, 'durable'), ...eventErrors },
  },
  {
    method: 'post',
    path: jobRoutes.jobEventBatch,
    tags: ['events'],
    summary: 'Many events at once, each with an outcome of its own',
    security: bearer,
    request: { body: body(jobEventBatch) },
    responses: { 200: json(answers.jobEventBatchResponse, 'all that was taken is durable'), ...eventErrors },
  },
]
