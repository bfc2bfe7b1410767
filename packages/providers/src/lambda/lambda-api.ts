import type { Clock } from '@navarch/system/clock'
import * as z from 'zod'
import { throwIfCancelled } from '../cancelled.ts'
import { ProviderError } from '../provider.ts'
import { lambdaError } from './lambda-error.ts'

const instanceSchema = z.object({
  id: z.string(),
  name: z.string().nullish(),
  ip: z.string().nullish(),
  status: z.string(),
  region: z.object({ name: z.string() }).nullish(),
  instance_type: z.object({ name: z.string() }).nullish(),
  tags: z.array(z.object({ key: z.string(), value: z.string() })).nullish(),
})

/** An instance, of which only what we use is read. */
export type LambdaInstance = z.infer<typeof instanceSchema>

const errorSchema = z.object({
  error: z.object({ code: z.string(), message: z.string(), suggestion: z.string().optional() }),
})

export interface LambdaApiOptions {
  provider: string
  /** e.g. "https://cloud.lambda.ai/api/v1" */
  baseUrl: string
  apiKeyEnv: string
  /** Read at every call: a key set later works without a restart. */
  env: Readonly<Record<string, string | undefined>>
  fetch: typeof fetch
  clock: Clock
  /** For each call, ms; default 10 000. */
  deadlineMs?: number
}

export interface LaunchBody {
  region_name: string
  instance_type_name: string
  ssh_key_names: readonly string[]
  name: string
  image?: { id: string } | { family: string }
  tags: readonly { key: string; value: string }[]
}

/** The part of the Lambda Cloud API that we use, one method per endpoint. All throw ProviderError. */
export interface LambdaApi {
  listInstances(signal: AbortSignal): Promise<LambdaInstance[]>
  /** Names of the account's SSH keys. */
  listSshKeys(signal: AbortSignal): Promise<string[]>
  /** undefined when the API knows no such instance. */
  getInstance(id: string, signal: AbortSignal): Promise<LambdaInstance | undefined>
  /** Resolves with the new instance's id; after a `LambdaNoAnswerError` there may be one all the same. */
  launch(body: LaunchBody, signal: AbortSignal): Promise<string>
  /** false when the API knows no such instance. */
  terminate(id: string, signal: AbortSignal): Promise<boolean>
}

/** The request may have been carried out although no answer came. */
export class LambdaNoAnswerError extends ProviderError {
  override name = 'LambdaNoAnswerError'
}

/** @see https://docs.lambda.ai/api/cloud, version 1.8.3 */
export function createLambdaApi(options: LambdaApiOptions): LambdaApi {
  const call = <T>(what: string, path: string, schema: z.ZodType<T>, signal: AbortSignal, body?: unknown) =>
    request(options, { what, path, body }, z.object({ data: schema }), signal)
  return {
    async listInstances(signal) {
      const answer = await call('list instances', 'instances', z.array(instanceSchema), signal)
      return answer?.data ?? []
    },
    async listSshKeys(signal) {
      const answer = await call('list SSH keys', 'ssh-keys', z.array(z.object({ name: z.string() })), signal)
      return answer?.data.map((key) => key.name) ?? []
    },
    async getInstance(id, signal) {
      const path = `instances/${encodeURIComponent(id)}`
      return (await call(`get instance ${id}`, path, instanceSchema, signal))?.data
    },
    async launch(body, signal) {
      const what = `launch ${body.instance_type_name} in ${body.region_name}`
      const schema = z.object({ instance_ids: z.array(z.string()).min(1) })
      const id = (await call(what, 'instance-operations/launch', schema, signal, body))?.data.instance_ids[0]
      if (id === undefined) {
        throw new ProviderError(
          'invalid',
          `provider ${options.provider}: cannot ${what}: no such type, region or key`,
          {
            remedy: 'Check instance_type, region and ssh_keys of the pool against the Lambda console.',
          },
        )
      }
      return id
    },
    async terminate(id, signal) {
      const body = { instance_ids: [id] }
      const schema = z.object({ terminated_instances: z.array(instanceSchema) })
      return (await call(`terminate ${id}`, 'instance-operations/terminate', schema, signal, body)) !== undefined
    },
  }
}

/** One request, with its deadline. @returns undefined when the API says that the object does not exist */
async function request<T>(
  options: LambdaApiOptions,
  { what, path, body }: { what: string; path: string; body: unknown },
  schema: z.ZodType<T>,
  signal: AbortSignal,
): Promise<T | undefined> {
  const { provider, clock, deadlineMs = 10_000 } = options
  throwIfCancelled(signal, provider)
  const headers = { authorization: `Bearer ${apiKey(options)}`, accept: 'application/json' }
  const late = new AbortController()
  const cancel = clock.after(deadlineMs, () => late.abort(new Error(`no answer after ${deadlineMs} ms`)))
  try {
    const response = await options.fetch(`${options.baseUrl.replace(/\/+$/, '')}/${path}`, {
      ...(body === undefined
        ? { headers }
        : { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      // A followed redirect turns POST into GET.
      redirect: 'manual',
      signal: AbortSignal.any([signal, late.signal]),
    })
    const text = await response.text()
    if (response.ok) return parseAnswer(schema, text, provider, what)
    if (response.status >= 300 && response.status < 400) throw moved(provider, response.headers.get('location'))
    const error = errorSchema.safeParse(readJson(text)).data?.error
    if (error?.code === 'global/object-does-not-exist') return undefined
    const failure = lambdaError(provider, what, {
      status: response.status,
      error,
      retryAfterMs: retryAfter(response, clock),
    })
    throw response.status >= 500 ? new LambdaNoAnswerError(failure.code, failure.message, failure) : failure
  } catch (cause) {
    if (cause instanceof ProviderError) throw cause
    const reason = late.signal.aborted ? late.signal.reason : cause
    throw new LambdaNoAnswerError('unavailable', `provider ${provider}: cannot ${what}: ${describe(reason)}`, {
      remedy: `Check that ${options.baseUrl} can be reached from here.`,
      cause,
    })
  } finally {
    cancel()
  }
}

function apiKey({ provider, env, apiKeyEnv }: LambdaApiOptions): string {
  const key = env[apiKeyEnv]?.trim()
  if (key) return key
  throw new ProviderError('unauthorized', `provider ${provider}: ${apiKeyEnv} is not set`, {
    remedy: `Set ${apiKeyEnv} to an API key of Lambda in the control plane's environment.`,
  })
}

function parseAnswer<T>(schema: z.ZodType<T>, text: string, provider: string, what: string): T {
  const parsed = schema.safeParse(readJson(text))
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const where = issue ? `${issue.path.join('.') || 'answer'}: ${issue.message}` : 'not as published'
  throw new LambdaNoAnswerError('unavailable', `provider ${provider}: cannot ${what}: answer not understood: ${where}`)
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function moved(provider: string, location: string | null): ProviderError {
  return new ProviderError('invalid', `provider ${provider}: the API has moved to ${location ?? 'another address'}`, {
    remedy: `Set base_url of provider ${provider} to the new address.`,
  })
}

/** Retry-After in seconds or as a date (RFC 9110, 10.2.3), in ms. */
function retryAfter(response: Response, clock: Clock): number | undefined {
  const value = response.headers.get('retry-after')
  if (value === null) return undefined
  if (/^\d+$/.test(value)) return Number(value) * 1000
  const at = Date.parse(value)
  return Number.isNaN(at) ? undefined : Math.max(0, at - clock.now())
}

/** fetch hides what went wrong in `cause`. */
function describe(reason: unknown): string {
  if (!(reason instanceof Error)) return String(reason)
  return reason.cause instanceof Error ? `${reason.message}: ${reason.cause.message}` : reason.message
}
