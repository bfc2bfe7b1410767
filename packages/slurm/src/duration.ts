import { SlurmParseError } from './slurm-error.ts'

/** Milliseconds, or no limit. */
export type TimeLimit = number | 'unlimited'

/**
 * Parses Slurm's time: `minutes`, `minutes:seconds`, `hours:minutes:seconds`, `days-hours`, `days-hours:minutes`,
 * `days-hours:minutes:seconds`. "UNLIMITED", "infinite" and "INFINITE" are no limit.
 * @returns ms, "unlimited", or undefined for what stands for nothing: "NONE", "N/A", "INVALID", "NOT_SET", "(null)", ""
 * @throws SlurmParseError
 */
export function parseTimeLimit(text: string): TimeLimit | undefined {
  const word = text.trim()
  if (/^(unlimited|infinite)$/i.test(word)) return 'unlimited'
  if (/^(none|n\/a|invalid|not_set|partition_limit|\(null\)|)$/i.test(word)) return undefined
  const match = /^(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?$/.exec(word)
  if (!match) throw new SlurmParseError('not a Slurm time', text)
  const [, days, ...rest] = match
  const [first = 0, second = 0, third = 0] = rest.filter((part) => part !== undefined).map(Number)
  const parts = rest.filter((part) => part !== undefined).length
  if (days !== undefined) return toMs(Number(days), first, second, third)
  if (parts === 3) return toMs(0, first, second, third)
  return toMs(0, 0, first, second)
}

/**
 * Parses elapsed time as squeue and scontrol print it, where two parts are minutes and seconds: "0:11", "1-02:03:04".
 * @returns ms; undefined where there is none
 * @throws SlurmParseError
 */
export function parseElapsed(text: string): number | undefined {
  const limit = parseTimeLimit(text)
  return limit === 'unlimited' ? undefined : limit
}

/**
 * Parses CPU time as sacct prints it: "00:00.497", "01:02:03", "1-02:03:04".
 * @returns seconds; undefined where there is none
 * @throws SlurmParseError
 */
export function parseCpuTime(text: string): number | undefined {
  const word = text.trim()
  if (word === '') return undefined
  const match = /^(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)$/.exec(word)
  if (!match) throw new SlurmParseError('not a CPU time', text)
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map((part) => Number(part ?? 0))
  return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
}

/** Writes a time as Slurm does: "1-02:03:04", "02:03:04", "UNLIMITED". Parts of a second are dropped. */
export function formatTimeLimit(limit: TimeLimit): string {
  if (limit === 'unlimited') return 'UNLIMITED'
  const seconds = Math.floor(limit / 1000)
  const days = Math.floor(seconds / 86_400)
  const clock = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60]
  return (days > 0 ? `${days}-` : '') + clock.map((part) => String(part).padStart(2, '0')).join(':')
}

function toMs(days: number, hours: number, minutes: number, seconds: number): number {
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000
}
