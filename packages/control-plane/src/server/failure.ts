import { Code, ConnectError } from '@connectrpc/connect'
import type { Log } from '@navarch/system/log'
import { ServiceError, type ServiceErrorCode } from '../services/service-error.ts'

/**
 * What a caller is told of any failure. Only a ServiceError speaks for itself; of everything else the caller learns
 * nothing, and the log all.
 */
export function serviceErrorOf(error: unknown, log: Log, request: string): ServiceError {
  if (error instanceof ServiceError) return error
  log.error('request failed', {
    request,
    error: error instanceof Error ? (error.stack ?? error.message) : String(error),
  })
  return new ServiceError('internal', "internal error; the control plane's log has the details", { cause: error })
}

const connectCodes: Record<ServiceErrorCode, Code> = {
  invalid: Code.InvalidArgument,
  not_found: Code.NotFound,
  conflict: Code.FailedPrecondition,
  unauthorized: Code.Unauthenticated,
  forbidden: Code.PermissionDenied,
  rate_limited: Code.ResourceExhausted,
  unavailable: Code.Unavailable,
  internal: Code.Internal,
}

/** The gRPC status code of a failure. */
export function connectCodeOf(code: ServiceErrorCode): Code {
  return connectCodes[code]
}

/** A failure as Connect, gRPC and gRPC-Web carry it. */
export function connectErrorOf(error: ServiceError): ConnectError {
  return new ConnectError(error.message, connectCodes[error.code])
}

const httpStatuses = {
  invalid: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  rate_limited: 429,
  internal: 500,
  unavailable: 503,
} as const satisfies Record<ServiceErrorCode, number>

/** The HTTP status of a failure in the REST API. */
export function httpStatusOf(code: ServiceErrorCode): (typeof httpStatuses)[ServiceErrorCode] {
  return httpStatuses[code]
}
