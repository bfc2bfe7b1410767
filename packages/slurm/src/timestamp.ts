import { SlurmParseError } from './slurm-error.ts'

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/**
 * Parses a time as Slurm prints it with `TZ=UTC`: "2026-11-21T04:28:06".
 * Slurm prints no zone, so its commands must be run with that variable.
 * @returns ms since the epoch; undefined for "Unknown", "None", "N/A", "NONE", "(null)" and ""
 * @throws SlurmParseError
 */
export function parseTimestamp(text: string): number | undefined {
  const word = text.trim()
  if (/^(unknown|none|n\/a|\(null\)|0|)$/i.test(word)) return undefined
  const match = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)$/.exec(word)
  if (!match) throw new SlurmParseError('not a Slurm timestamp', text)
  const [year = 0, month = 0, ...rest] = match.slice(1).map(Number)
  const [day, hour, minute, second] = rest
  return Date.UTC(year, month - 1, day, hour, minute, second)
}

/**
 * Parses sdiag's time, "Sat Nov 21 04:28:10 2026 (1795235290)". The number in brackets, seconds since the epoch, is the truth.
 * @returns ms since the epoch
 * @throws SlurmParseError
 */
export function parseDiagTimestamp(text: string): number {
  const match = /\((\d+)\)\s*$/.exec(text)
  if (match) return Number(match[1]) * 1000
  const calendar = /^\w{3} (\w{3}) +(\d+) (\d\d):(\d\d):(\d\d) (\d{4})$/.exec(text.trim())
  const month = months.indexOf(calendar?.[1] ?? '')
  if (!calendar || month < 0) throw new SlurmParseError('not a time of sdiag', text)
  const [day = 0, hour = 0, minute = 0, second = 0, year = 0] = calendar.slice(2).map(Number)
  return Date.UTC(year, month, day, hour, minute, second)
}

/** Writes ms since the epoch as Slurm prints it with `TZ=UTC`. */
export function formatTimestamp(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19)
}
