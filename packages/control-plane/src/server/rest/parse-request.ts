import { nearestWord } from '@navarch/config/nearest'
import type { Context } from 'hono'
import type { z } from 'zod'
import { ServiceError } from '../../services/service-error.ts'
import type { RestEnv } from './rest-env.ts'

/**
 * The query of a request, parsed.
 * @throws ServiceError `invalid` for an unknown or repeated key, or a value that is not allowed
 */
export function parseQuery<Schema extends z.ZodObject>(context: Context<RestEnv>, schema: Schema): z.output<Schema> {
  const query: Record<string, string> = {}
  for (const [key, values] of Object.entries(context.req.queries())) {
    if (values.length > 1) throw new ServiceError('invalid', `query: ${key} is given ${values.length} times`)
    query[key] = values[0] ?? ''
  }
  return parse('query', query, schema)
}

/**
 * The JSON body of a request, parsed; an absent body is `{}`.
 * @throws ServiceError `invalid` when it is not JSON, has an unknown key, or a value that is not allowed
 */
export async function parseBody<Schema extends z.ZodObject>(
  context: Context<RestEnv>,
  schema: Schema,
): Promise<z.output<Schema>> {
  const text = await context.req.text()
  if (text === '') return parse('body', {}, schema)
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    throw new ServiceError('invalid', 'body: this is not JSON')
  }
  return parse('body', body, schema)
}

function parse<Schema extends z.ZodObject>(where: 'query' | 'body', value: unknown, schema: Schema): z.output<Schema> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const problems = result.error.issues.map((issue) => describe(issue, Object.keys(schema.shape)))
  throw new ServiceError('invalid', problems.map((problem) => `${where}: ${problem}`).join('; '))
}

function describe(issue: z.core.$ZodIssue, known: readonly string[]): string {
  if (issue.code !== 'unrecognized_keys') return [...issue.path, issue.message].join(': ')
  return issue.keys.map((key) => unknownKey(key, known)).join('; ')
}

function unknownKey(key: string, known: readonly string[]): string {
  const name = JSON.stringify(key.slice(0, 80))
  if (known.length === 0) return `unknown key ${name}; none is known here`
  const nearest = nearestWord(key.slice(0, 80), known)
  return `unknown key ${name}; ${nearest ? `did you mean ${nearest}?` : `known: ${known.join(', ')}`}`
}
