import { RequestError } from './request.ts'

/** Whether what was asked for is not there, or not any more: that is an answer, no failure. */
export function isNotFound(error: unknown): boolean {
  return error instanceof RequestError && error.status === 404
}
