import type { ErrorJson } from '@navarch/api/rest'

export type ServiceErrorCode = ErrorJson['error']['code']

/** A request that cannot be done, in words for the caller. Each API maps `code` to its own status once. */
export class ServiceError extends Error {
  override name = 'ServiceError'
  readonly code: ServiceErrorCode
  constructor(code: ServiceErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.code = code
  }
}
