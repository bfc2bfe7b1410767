export type LogLevel = 'DEBUG' | 'INFO' | 'WARN' | 'ERROR'

/** Values that a log line carries; `undefined` ones are left out. */
export type LogFields = Record<string, string | number | boolean | null | undefined | readonly (string | number)[]>

export interface Log {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  /** A logger whose lines end with these fields too. */
  with(fields: LogFields): Log
}

const rank: Record<LogLevel, number> = { DEBUG: 0, INFO: 1, WARN: 2, ERROR: 3 }

/**
 * JSON lines: `time` (RFC 3339, UTC), `level`, `msg`, then the caller's fields in the caller's order.
 * The order is part of the documents' promise, which general loggers do not let us choose.
 */
export function createLog(
  write: (line: string) => void,
  options: { now: () => number; level?: LogLevel; fields?: LogFields },
): Log {
  const least = rank[options.level ?? 'INFO']
  const emit = (level: LogLevel, message: string, fields: LogFields = {}) => {
    if (rank[level] < least) return
    const time = new Date(options.now()).toISOString()
    write(`${JSON.stringify({ time, level, msg: message, ...fields, ...options.fields })}\n`)
  }
  return {
    debug: (message, fields) => emit('DEBUG', message, fields),
    info: (message, fields) => emit('INFO', message, fields),
    warn: (message, fields) => emit('WARN', message, fields),
    error: (message, fields) => emit('ERROR', message, fields),
    with: (fields) => createLog(write, { ...options, fields: { ...options.fields, ...fields } }),
  }
}

/** A logger that writes nothing. */
export const silentLog: Log = createLog(() => {}, { now: () => 0 })
