import { jobStates } from '@navarch/core/job/job-event'
import { z } from 'zod'
import { unknownKeys } from './problems.ts'
import { parseTime } from './rfc3339.ts'
import { hookMetricsSchema } from './usage-of-json.ts'

/*
 * What requests of the job API may hold: the one definition that validates them and that `/openapi.json` shows. A schema's
 * `error` is the rule that a value must follow; `problemsOf` makes sentences of it.
 */

const oneLinePattern = '^[^\\u0000-\\u001f\\u007f-\\u009f]*$'

/** Text of at most `max` characters. NUL is what no database takes. */
function text(max: number, { min = 0, oneLine = false }: { min?: number; oneLine?: boolean } = {}) {
  const rule = `must be ${oneLine ? 'one line of text' : 'text'} of ${min} to ${max} characters`
  const accept = (value: string) =>
    value.length >= min &&
    (value.length <= max || [...value].length <= max) &&
    value.isWellFormed() &&
    !(oneLine ? /\p{Cc}/u.test(value) : value.includes('\u0000'))
  return z
    .string(rule)
    .refine(accept, rule)
    .meta({ ...(min > 0 && { minLength: min }), maxLength: max, pattern: oneLine ? oneLinePattern : '^[^\\u0000]*$' })
}

/** A record that has no other keys. */
function strict<const Shape extends z.ZodRawShape>(shape: Shape) {
  const known = Object.keys(shape)
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? unknownKeys(issue.keys, known) : 'must be an object'),
  })
}

function whole(max: number, min = 0) {
  const rule = `must be a whole number from ${min} to ${max}`
  return z.int(rule).min(min, rule).max(max, rule)
}

function number(max: number, min = 0) {
  const rule = `must be a number from ${min} to ${max}`
  return z.number(rule).min(min, rule).max(max, rule)
}

/** Of one job. Slurm itself stops at 65,536. */
export const maxNodes = 100_000

const timeRule = 'must be a time such as "2026-03-01T12:00:00Z" (RFC 3339)'
/** A time in a body. Kept as text; `parseTime` reads it. */
const time = z
  .string(timeRule)
  .refine((value) => parseTime(value) !== undefined, timeRule)
  .meta({ format: 'date-time' })

/** A time in a query, ms. */
const queryTime = z
  .string(timeRule)
  .transform((value, context) => {
    const ms = parseTime(value)
    if (ms !== undefined) return ms
    context.addIssue({ code: 'custom', message: timeRule, input: value })
    return z.NEVER
  })
  .meta({ type: 'string', format: 'date-time' })

/** A whole number in a query. */
function queryWhole(min: number, max: number) {
  const rule = `must be a whole number from ${min} to ${max}`
  return z
    .string(rule)
    .regex(/^\d{1,16}$/, rule)
    .transform(Number)
    .refine((value) => value >= min && value <= max, rule)
    .meta({ type: 'integer', minimum: min, maximum: max })
}

/** Most of a list that is wanted. */
function limit(max: number, otherwise: number) {
  return queryWhole(1, max).default(otherwise).meta({ default: otherwise })
}

function word<const Words extends readonly [string, ...string[]]>(words: Words) {
  return z.enum(words, `must be one of ${words.join(', ')}`)
}

const state = word(jobStates)
const id = text(255, { min: 1, oneLine: true })
const percent = number(100).meta({ description: 'percent' })
const megabytes = number(1e12)

const hostName = '[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}'
/** A plain name is what the document sends. A hostlist is taken too, which no short pattern tells from a wrong one. */
function nodeList(least: 0 | 1) {
  const item = text(65_535, { oneLine: true, min: least }).meta({
    pattern: least === 0 ? `^(${hostName})?$` : `^${hostName}$`,
    maxLength: 253,
    description: `a host name; a hostlist such as "n[1-3]" is expanded${least === 0 ? ', an empty text is left out' : ''}`,
  })
  return z
    .array(item, 'must be a list of host names')
    .min(least, 'must name at least one node')
    .max(maxNodes, `must have at most ${maxNodes} items`)
}
const device = text(255)

const anything = z.record(z.string(), z.unknown(), 'must be an object')

const identity = {
  job_id: id.meta({ description: "Slurm's job id, raw or as slurm-<id>", examples: ['812'] }),
  node: text(253).optional().meta({ description: 'the node that speaks; absent: the event is about the whole job' }),
  cluster: text(255).optional(),
  restart: whole(1e9).optional().meta({ description: 'how often the job was requeued before this run' }),
  sluid: text(64).optional(),
  observed_by: word(['hook', 'scan']).optional().meta({ description: 'how the sender came to know' }),
}

export const jobStartedEvent = z
  .object(
    {
      ...identity,
      user: text(255),
      node_list: nodeList(0),
      timestamp: time,
      cpu_allocation: whole(1e9).optional(),
      memory_allocation_mb: whole(1e12).optional(),
      gpu_allocation: whole(1e6).optional(),
      gpu_vendor: word(['none', 'nvidia', 'amd', 'mixed']).optional(),
      gpu_devices: z.array(device, 'must be a list of names').max(1024, 'must have at most 1024 items').optional(),
      cgroup_path: text(4096).optional(),
      partition: text(255).optional(),
      account: text(255).optional(),
      name: text(4096).optional(),
      qos: text(255).optional(),
      work_dir: text(4096).optional(),
      array_job_id: whole(0xffff_ffff).optional(),
      array_task_id: text(4096).optional(),
      het_job_id: whole(0xffff_ffff).optional(),
      het_offset: whole(0xffff_ffff).optional(),
      gpus: z
        .array(
          z.object(
            {
              uuid: text(255, { min: 1 }),
              vendor: word(['nvidia', 'amd']),
              index: whole(1e6).optional(),
              model: text(255).optional(),
              memory_total_bytes: whole(2 ** 50).optional(),
              parent_uuid: text(255).optional(),
            },
            'must be an object',
          ),
          'must be a list of GPUs',
        )
        .max(1024, 'must have at most 1024 items')
        .optional(),
    },
    'must be an object',
  )
  .meta({
    id: 'JobStartedEvent',
    description: 'A job, or its part on one node, began. Keys that are not known are ignored.',
  })

export const jobFinishedEvent = z
  .object(
    {
      ...identity,
      final_state: state.meta({ description: 'kept in the audit and not believed' }),
      timestamp: time,
      node_list: nodeList(0).optional(),
      exit_code: whole(0xffff)
        .optional()
        .meta({ description: 'exit status; above 255 it is taken for a raw wait status, as in SLURM_JOB_EXIT_CODE' }),
      signal: whole(127).optional().meta({ description: 'the signal that ended it; 0: none' }),
      final_metrics: hookMetricsSchema
        .optional()
        .meta({ description: "what the node's part used; an agent sends all that it counted" }),
    },
    'must be an object',
  )
  .meta({
    id: 'JobFinishedEvent',
    description: 'A job, or its part on one node, ended. Keys that are not known are ignored.',
  })

const maxBatchEvents = 1000
const batchRule = `must be a list of at most ${maxBatchEvents} events`
/** The events are checked each by itself: what is wrong with one stops no other. */
export const jobEventBatch = strict({
  events: z.array(z.unknown(), batchRule).max(maxBatchEvents, batchRule).meta({
    description: 'each a JobStartedEvent with "event": "started", or a JobFinishedEvent with "event": "finished"',
  }),
}).meta({ id: 'JobEventBatch' })

/** How an event of a batch, or in an agent's message, says what it is. */
export const eventWithKind = z.object({ event: word(['started', 'finished']) }, 'must be an object')

export const schedulerInfo = strict({
  type: word(['mock', 'slurm']),
  external_job_id: text(255).optional(),
  raw_state: text(255).optional(),
  submit_time: time.optional(),
  partition: text(255).optional(),
  account: text(255).optional(),
  qos: text(255).optional(),
  priority: whole(Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER).optional(),
  exit_code: whole(0xffff).optional(),
  state_reason: text(4096).optional(),
  time_limit_minutes: whole(1e9).optional(),
  extra: anything.optional(),
}).meta({ id: 'SchedulerInfo' })

export const createJobRequest = strict({
  id,
  user: text(255, { min: 1 }),
  nodes: nodeList(1),
  scheduler: schedulerInfo.optional(),
}).meta({ id: 'CreateJobRequest' })

export const updateJobRequest = strict({
  state: state.optional(),
  cpu_usage: percent.optional(),
  memory_usage_mb: megabytes.optional(),
  gpu_usage: percent.optional(),
}).meta({ id: 'UpdateJobRequest' })

export const recordMetricsRequest = strict({
  cpu_usage: percent,
  memory_usage_mb: megabytes,
  gpu_usage: percent.optional(),
}).meta({ id: 'RecordMetricsRequest' })

const filterText = text(255, { min: 1 }).optional()
export const jobsQuery = strict({
  state: state.optional(),
  user: filterText,
  node: filterText,
  account: filterText,
  partition: filterText,
  from: queryTime.optional().meta({ description: 'runs that ran at this time or later' }),
  to: queryTime.optional().meta({ description: 'runs that ran at this time or earlier' }),
  limit: limit(1000, 100),
  offset: queryWhole(0, 999_999_999).default(0).meta({ default: 0 }),
})

const window = { start_time: queryTime.optional(), end_time: queryTime.optional() }
export const metricsQuery = strict({ ...window, limit: limit(10_000, 1000) })
export const seriesQuery = strict({ ...window, points: limit(5000, 300) })
export const auditQuery = strict({ limit: limit(10_000, 1000) })
export const wholeAuditQuery = strict({
  job: id.optional().meta({ description: 'a raw job id or a run; absent: all jobs' }),
  limit: limit(10_000, 1000),
  before: queryWhole(0, Number.MAX_SAFE_INTEGER).optional().meta({ description: 'rows with a lower seq' }),
})
export const usageQuery = strict({ by: word(['user', 'account', 'partition']).default('user'), ...window })
export const noQuery = strict({})

const header = text(255, { min: 1 })
export const originHeaders = z.object({
  'x-changed-by': header.meta({ description: 'who makes the change, for the audit' }),
  'x-source': header.meta({ description: 'by what means, e.g. api, syncer or scheduler', examples: ['api'] }),
  'x-correlation-id': header.optional().meta({ description: 'made when missing, and sent back' }),
})

export const jobPath = z.object({
  jobId: z.string().meta({
    minLength: 1,
    maxLength: 255,
    description: 'raw id, slurm-<id>, array_task, het+offset, SLUID, or a run such as 812-r1',
    param: { name: 'jobId', in: 'path' },
  }),
})
