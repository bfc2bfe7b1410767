import { nearestWord } from '@navarch/config/nearest'
import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { z } from 'zod'
import { ServiceError } from '../../services/service-error.ts'
import type { RestEnv } from './rest-env.ts'

/** Largest body that is read, bytes. */
const maxBodyBytes = 1024 * 1024

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
 * @throws ServiceError `invalid` when it is not JSON, does not say so, has an unknown key, or a value that is not allowed
 */
export async function parseBody<Schema extends z.ZodObject>(
  context: Context<RestEnv>,
  schema: Schema,
): Promise<z.output<Schema>> {
  const text = await readText(context.req.raw.body)
  if (text === '') return parse('body', {}, schema)
  if (context.req.header('content-type') === undefined) {
    throw new ServiceError('invalid', 'a body must be JSON: send "Content-Type: application/json"')
  }
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    throw new ServiceError('invalid', 'body: this is not JSON')
  }
  return parse('body', body, schema)
}

async function readText(body: ReadableStream<Uint8Array> | null): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    size += chunk.length
    if (size > maxBodyBytes) throw new HTTPException(413, { message: `the body is larger than ${maxBodyBytes} bytes` })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
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
