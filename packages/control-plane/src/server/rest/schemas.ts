import type { NodeJson } from '@navarch/api/rest'
import { z } from 'zod'

const statuses = [
  'provisioning',
  'active',
  'cordoned',
  'draining',
  'drained',
  'unhealthy',
  'terminated',
] as const satisfies NodeJson['status'][]
const healths = ['healthy', 'degraded', 'unhealthy', 'unknown'] as const satisfies NodeJson['health'][]

const text = z.string().min(1, 'it is empty').max(256, 'it is longer than 256 characters')

const word = <const Words extends readonly [string, ...string[]]>(words: Words) =>
  z.enum(words, { error: ({ input }) => `${JSON.stringify(input)} is not one of ${words.join(', ')}` })

const wholeNumber = (max: number) =>
  z
    .string()
    .regex(/^\d{1,16}$/, 'it must be a whole number')
    .transform(Number)
    .refine((number) => number <= max, `it must be at most ${max}`)

/** An event's number, as a query parameter or in `Last-Event-ID`. */
export const eventNumber = wholeNumber(Number.MAX_SAFE_INTEGER)

export const noKeys = z.strictObject({})

export const nodesQuery = z.strictObject({
  provider: text.optional(),
  region: text.optional(),
  status: word(statuses).optional(),
  pool: text.optional(),
  health: word(healths).optional(),
})

export const operationsQuery = z.strictObject({
  pool: text.optional(),
  node: text.optional(),
  all: word(['true', 'false'])
    .default('false')
    .transform((value) => value === 'true'),
})

export const eventsQuery = z.strictObject({ after: eventNumber.optional(), limit: wholeNumber(10_000).default(1000) })

const reason = 'it must be a text of at most 1000 characters'
export const reasonBody = z.strictObject({ reason: z.string(reason).max(1000, reason).default('') })

const nodes = 'it must be a whole number from 0 to 100000, or null for the autoscaler'
export const scaleBody = z.strictObject({
  nodes: z
    .int(nodes)
    .min(0, nodes)
    .max(100_000, nodes)
    .nullable()
    .refine((value) => value !== undefined, nodes),
})
