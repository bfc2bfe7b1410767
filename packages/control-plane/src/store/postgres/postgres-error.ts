/** The driver's own error below ours, or below a list of those of several addresses. */
function innermost(error: unknown): unknown {
  if (error instanceof AggregateError && error.errors.length > 0) return innermost(error.errors[0])
  return error instanceof Error && error.cause !== undefined ? innermost(error.cause) : error
}

/** What the driver or the server said of a failure: PostgreSQL's five characters, or Node's word. */
export function errorCodeOf(error: unknown): string | undefined {
  const inner = innermost(error)
  return inner instanceof Error && 'code' in inner && typeof inner.code === 'string' ? inner.code : undefined
}

/** SQLSTATE classes and codes (https://www.postgresql.org/docs/current/errcodes-appendix.html) of a server that is away or going. */
const awayStates = /^(08...|57P0[1-5]|53300)$/
const awayWords = new Set(
  'ECONNREFUSED ECONNRESET ECONNABORTED EPIPE ETIMEDOUT ENOTFOUND EAI_AGAIN EHOSTUNREACH ENETUNREACH EHOSTDOWN ENOENT'.split(
    ' ',
  ),
)
/** The driver's own, which have no code. */
const awayMessages =
  /Connection terminated|connection timeout|timeout exceeded when trying to connect|Query read timeout|not queryable|Client was closed|Cannot use a pool after/

/** Whether a failure is the connection's or the server's start or end, and not the statement's: it may pass by itself. */
export function isAway(error: unknown): boolean {
  const code = errorCodeOf(error)
  if (code !== undefined) return awayStates.test(code) || awayWords.has(code)
  const inner = innermost(error)
  return inner instanceof Error && awayMessages.test(inner.message)
}

/** Whether the same transaction may succeed when it is run again: serialization failure or deadlock. */
export function isConflict(error: unknown): boolean {
  const code = errorCodeOf(error)
  return code === '40001' || code === '40P01'
}

/** A failure in one line, with the server's hint. */
export function sentenceOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return sentenceOf(error.errors[0])
  if (!(error instanceof Error)) return String(error)
  const detail = 'detail' in error && typeof error.detail === 'string' ? `: ${error.detail}` : ''
  return `${error.message || (errorCodeOf(error) ?? error.name)}${detail}`.split('\n').join(' ')
}
