import { ProviderError, type ProviderErrorCode } from '../provider.ts'

/** The API's own error codes (Lambda Cloud API 1.8.3, components/schemas/ApiError*). */
const codes: Readonly<Record<string, ProviderErrorCode>> = {
  'global/invalid-api-key': 'unauthorized',
  'global/account-inactive': 'unauthorized',
  'global/forbidden': 'unauthorized',
  'instance-operations/launch/insufficient-capacity': 'capacity',
  'global/quota-exceeded': 'quota',
  'global/invalid-parameters': 'invalid',
  'global/invalid-address': 'invalid',
  'global/object-does-not-exist': 'invalid',
  'global/not-found': 'invalid',
  'instance-operations/launch/file-system-in-wrong-region': 'invalid',
}

export interface LambdaFailure {
  status: number
  /** Absent when the answer was not the API's own. */
  error?: { code: string; message: string; suggestion?: string | undefined } | undefined
  retryAfterMs?: number | undefined
}

/** Translates an answer of the API that is not a success. The codes win over the status, which groups several. */
export function lambdaError(provider: string, what: string, failure: LambdaFailure): ProviderError {
  const { status, error, retryAfterMs } = failure
  const code = (error && codes[error.code]) ?? byStatus(status)
  const said = error ? `${error.message} (${error.code})` : `HTTP status ${status}`
  return new ProviderError(code, `provider ${provider}: cannot ${what}: ${said}`, {
    remedy: error?.suggestion ?? '',
    retryAfterMs,
  })
}

function byStatus(status: number): ProviderErrorCode {
  if (status === 401 || status === 403) return 'unauthorized'
  if (status === 429 || status >= 500) return 'unavailable'
  return status >= 400 ? 'invalid' : 'unavailable'
}
