import type { ErrorResponseJson } from '@navarch/api/jobs'
import type { ServiceError, ServiceErrorCode } from '../service-error.ts'

const errors: Record<ServiceErrorCode, ErrorResponseJson['error']> = {
  invalid: 'validation_error',
  not_found: 'not_found',
  conflict: 'conflict',
  unauthorized: 'unauthorized',
  forbidden: 'unauthorized',
  rate_limited: 'unavailable',
  unavailable: 'unavailable',
  internal: 'internal_error',
}

/** A failure as the job API shows it. */
export function errorResponseOf({ code, message }: ServiceError): ErrorResponseJson {
  return { error: errors[code], message }
}
