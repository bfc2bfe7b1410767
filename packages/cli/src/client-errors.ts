import type { ErrorJson } from '@navarch/api/rest'
import { CliError, type ExitCode, exitCodes } from './cli-error.ts'
import type { ClientSettings } from './settings.ts'

/** The error of an answer that is none of success. @param body as it came */
export function refusal(status: number, body: string, settings: ClientSettings): CliError {
  const error = parseError(body)
  // What stands before the control plane answers for it when it is away.
  if (!error)
    return [502, 503, 504].includes(status) ? unreachable(settings, `status ${status}`) : strange(settings, `${status}`)
  if (error.code === 'unavailable') return unreachable(settings, error.message)
  return new CliError(exits[error.code] ?? exitCodes.failed, error.message, remedies[error.code])
}

const exits: Partial<Record<string, ExitCode>> = {
  not_found: exitCodes.notFound,
  invalid: exitCodes.usage,
  invalid_request: exitCodes.usage,
  validation_error: exitCodes.usage,
}

const remedies: Partial<Record<string, string>> = {
  unauthorized: 'Give the token with --auth-token, NAVARCH_AUTH_TOKEN, or auth_token in client.yaml.',
}

/** Both forms: {error: {code, message}}, and {error, message} of the job API. */
function parseError(text: string): { code: string; message: string } | undefined {
  try {
    const { error, message } = JSON.parse(text) as { error?: Partial<ErrorJson['error']> | string; message?: unknown }
    if (typeof error === 'string') return typeof message === 'string' ? { code: error, message } : undefined
    if (typeof error?.code !== 'string' || typeof error.message !== 'string') return undefined
    return { code: error.code, message: error.message }
  } catch {
    return undefined
  }
}

/** An answer that no control plane gives. */
export function strange(settings: ClientSettings, answer: string): CliError {
  return new CliError(
    exitCodes.failed,
    `${settings.server} does not answer like a Navarch control plane (${answer})`,
    `The address was chosen by ${settings.serverSource}.`,
  )
}

/** No answer from the control plane. @param reason words, or what a failed fetch threw */
export function unreachable(settings: ClientSettings, reason: unknown): CliError {
  return new CliError(
    exitCodes.unreachable,
    `cannot reach the control plane at ${settings.server} (chosen by ${settings.serverSource}): ${typeof reason === 'string' ? reason : reasonOf(reason)}`,
    'Is navarch-control-plane running there? Name another with --server or NAVARCH_SERVER.',
  )
}

const reasons: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was cut',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the host name cannot be looked up now',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  ETIMEDOUT: 'the connection timed out',
  DEPTH_ZERO_SELF_SIGNED_CERT:
    'its certificate is self-signed (give its authority with --tls-ca; --insecure accepts any)',
  SELF_SIGNED_CERT_IN_CHAIN:
    'its certificate is self-signed (give its authority with --tls-ca; --insecure accepts any)',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its certificate cannot be verified (give its authority with --tls-ca; --insecure accepts any)',
}

/** fetch hides what happened in its error's cause, and that of several addresses in a list below. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return reasons[code] ?? (error.cause === undefined ? error.message : reasonOf(error.cause))
}
