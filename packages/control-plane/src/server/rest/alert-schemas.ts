import { simpleAlertMetrics } from '@navarch/api/alerts'
import { metricNames } from '@navarch/core/alert/alert-metrics'
import { conditions, severities } from '@navarch/core/alert/alert-rule'
import { patternRule, safePattern, wholePattern } from '@navarch/core/alert/safe-pattern'
import { z } from 'zod'
import type { NewRule } from '../../services/alert-rules.ts'
import type { NewSilence } from '../../services/alert-silences.ts'

const text = (most: number, least = 0) =>
  z
    .string('it must be a text')
    .min(least, least > 0 ? 'it is empty' : undefined)
    .max(most, `it is longer than ${most} characters`)
    .refine((value) => least === 0 || value.trim() !== '', 'it is empty')

const word = <const Words extends readonly [string, ...string[]]>(words: Words) =>
  z.enum(words, { error: ({ input }) => `${JSON.stringify(input)?.slice(0, 80)} is not one of ${words.join(', ')}` })

const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, 'it must be a whole number')
    .transform(Number)
    .refine((number) => number >= least && number <= most, `it must be from ${least} to ${most}`)

const flag = word(['true', 'false'])
  .default('false')
  .transform((value) => value === 'true')

export const alertsQuery = z.strictObject({
  state: word(['pending', 'firing', 'resolved']).optional(),
  severity: word(severities).optional(),
  rule: text(100, 1).optional(),
  node: text(256, 1).optional(),
  pool: text(256, 1).optional(),
  group: text(1000, 1).optional(),
  limit: wholeNumber(1, 10_000).optional(),
  offset: wholeNumber(0, 1_000_000).optional(),
})

export const acknowledgeBody = z.strictObject({
  note: text(1000).default(''),
  group: z.boolean('it must be true or false').default(false),
})
export const unacknowledgeBody = z.strictObject({ group: z.boolean('it must be true or false').default(false) })

export const historyQuery = z.strictObject({
  limit: wholeNumber(1, 1000).default(100),
  before: wholeNumber(1, Number.MAX_SAFE_INTEGER).optional(),
  rule: text(100, 1).optional(),
  node: text(256, 1).optional(),
  alert: text(256, 1).optional(),
})
export const simpleHistoryQuery = z.strictObject({ limit: wholeNumber(1, 1000).default(100) })
export const silencesQuery = z.strictObject({ all: flag })

const matcher = z
  .strictObject({
    label: z.string().regex(/^[A-Za-z_][\w.-]{0,99}$/, 'it must be the name of a label'),
    op: word(['=', '!=', '=~', '!~']),
    value: text(200),
  })
  .refine(({ op, value }) => !op.endsWith('~') || wholePattern(value) !== undefined, `value must be ${patternRule}`)

/** Nobody means a silence of more than a year. */
const longestSilenceSeconds = 366 * 86_400
const at = z.iso.datetime({ offset: true, error: 'it must be a time such as 2026-03-01T14:00:00Z' })

export const silenceBody = z
  .strictObject({
    matchers: z.array(matcher, 'it must be a list of matchers').min(1, 'it must have at least one').max(20),
    reason: text(1000, 1),
    starts_at: at.nullish(),
    ends_at: at.optional(),
    duration_seconds: z
      .number('it must be a number of seconds')
      .positive('it must be more than 0')
      .max(longestSilenceSeconds, 'it is longer than a year')
      .optional(),
  })
  .refine(
    (body) => (body.ends_at === undefined) !== (body.duration_seconds === undefined),
    'needs ends_at or duration_seconds, and not both',
  )

/** @param now ms since the epoch */
export function newSilence(body: z.output<typeof silenceBody>, now: number): NewSilence {
  const startsAt = body.starts_at ? Date.parse(body.starts_at) : now
  const endsAt = body.ends_at === undefined ? startsAt + (body.duration_seconds ?? 0) * 1000 : Date.parse(body.ends_at)
  return { matchers: body.matchers, reason: body.reason, startsAt, endsAt }
}

const largest = 1e15
const seconds = z
  .number('it must be a number of seconds')
  .min(0, 'it must be at least 0')
  .max(31_622_400, 'it is longer than a year')
const threshold = z.number('it must be a number').min(-largest).max(largest)
const nodeFilter = z
  .string('it must be a text')
  .refine((value) => safePattern(value) !== undefined, `it must be ${patternRule}`)

export const ruleBody = z.strictObject({
  name: text(100, 1),
  metric: word(metricNames as [(typeof metricNames)[number], ...typeof metricNames]),
  condition: word(conditions),
  threshold,
  duration: seconds.default(0),
  resolve_after: seconds.optional(),
  node_filter: nodeFilter.nullish(),
  labels: z.record(z.string().max(100), text(256), 'it must be a mapping of labels to values').default({}),
  severity: word(severities).default('warning'),
  meaning: text(1000).default(''),
  action: text(1000).default(''),
  runbook_url: z
    .url({ protocol: /^https?$/, error: 'it must be a URL of http or https' })
    .max(1000)
    .nullish(),
  inhibited_by: z.array(text(100, 1), 'it must be a list of names of rules').max(50).default([]),
  enabled: z.boolean('it must be true or false').default(true),
})

export function newRule(body: z.output<typeof ruleBody>): NewRule {
  const { duration, resolve_after, node_filter, runbook_url, inhibited_by, ...rest } = body
  return {
    ...rest,
    forMs: Math.round(duration * 1000),
    ...(resolve_after !== undefined && { resolveAfterMs: Math.round(resolve_after * 1000) }),
    ...(node_filter && { nodeFilter: node_filter }),
    ...(runbook_url && { runbookUrl: runbook_url }),
    inhibitedBy: inhibited_by,
  }
}

const simpleFields = {
  name: text(100, 1),
  metric: word(simpleAlertMetrics),
  condition: word(conditions),
  threshold,
  duration: seconds,
  nodeFilter: nodeFilter.nullable(),
  enabled: z.boolean('it must be true or false'),
}

/** A rule of the GPU monitoring document. */
export const simpleRuleBody = z.strictObject({
  ...simpleFields,
  duration: seconds.default(0),
  nodeFilter: nodeFilter.nullish(),
  enabled: simpleFields.enabled.default(true),
})

/** Any of its fields; those that a server makes may come along, as clients send back what they got. */
export const simpleRuleChange = z.strictObject({
  ...z.object(simpleFields).partial().shape,
  id: z.string().optional(),
  createdAt: z.string().optional(),
  updatedAt: z.string().optional(),
})

export function newSimpleRule(body: z.output<typeof simpleRuleBody>): NewRule {
  const { name, metric, condition, threshold: limit, duration, nodeFilter: filter, enabled } = body
  return {
    name,
    metric,
    condition,
    threshold: limit,
    forMs: Math.round(duration * 1000),
    ...(filter && { nodeFilter: filter }),
    labels: {},
    severity: 'warning',
    meaning: '',
    action: '',
    inhibitedBy: [],
    enabled,
  }
}
