import type { z } from 'zod'
import { ServiceError } from '../service-error.ts'
import { problemsOf } from './problems.ts'

/**
 * A value that came as JSON, checked.
 * @param what names the value in the error, e.g. "body"
 * @throws ServiceError `invalid` with every path, rule and value that does not fit
 */
export function parseJson<Schema extends z.ZodType>(what: string, schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new ServiceError('invalid', sentences(what, problemsOf(value, parsed.error.issues)))
}

/** The problems as one message. */
export function sentences(what: string, problems: readonly string[]): string {
  return `${what}: ${problems.join('; ')}`
}
