import { z } from 'zod'
import { eventNumber } from './schemas.ts'

const text = z.string().min(1, 'it is empty').max(256, 'it is longer than 256 characters')

function whole(min: number, max: number) {
  const rule = `it must be a whole number from ${min} to ${max}`
  return z
    .string()
    .regex(/^\d{1,9}$/, rule)
    .transform(Number)
    .refine((number) => number >= min && number <= max, rule)
}

/** 30 days: as far back as timelines go. */
const hours = whole(1, 720).default(24)

export const hoursQuery = z.strictObject({ hours })
export const activityQuery = z.strictObject({ hours, pool: text.optional(), node: text.optional() })
export const liveQuery = z.strictObject({ after: eventNumber.optional() })
export const queueQuery = z.strictObject({
  partition: text.optional(),
  user: text.optional(),
  account: text.optional(),
  reason: text.optional(),
})
export const searchQuery = z.strictObject({
  q: z.string().max(256, 'it is longer than 256 characters').default(''),
  limit: whole(1, 100).default(20),
})
