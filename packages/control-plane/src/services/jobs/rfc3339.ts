const shape = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))$/

/**
 * Reads a time as RFC 3339 has it, e.g. "2026-03-01T12:00:00Z". A leap second is the start of the next minute.
 * @returns ms since the epoch; undefined when it is none
 */
export function parseTime(text: string): number | undefined {
  const match = shape.exec(text)
  if (!match) return undefined
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [number, ...number[]]
  if (!isWithin(month, 1, 12) || !isWithin(day, 1, daysIn(year, month)) || !isWithin(hour, 0, 23)) return undefined
  if (!isWithin(minute, 0, 59) || !isWithin(second, 0, 60)) return undefined
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  date.setUTCHours(hour, minute, second, Math.floor(Number(`0.${match[7] ?? 0}`) * 1000))
  if (match[8] === undefined) return date.getTime()
  const [hours, minutes] = [Number(match[9]), Number(match[10])]
  if (!isWithin(hours, 0, 23) || !isWithin(minutes, 0, 59)) return undefined
  const offset = (hours * 60 + minutes) * 60_000
  return date.getTime() + (match[8] === '-' ? offset : -offset)
}

/** Writes a time as RFC 3339 in UTC. */
export function formatTime(ms: number): string {
  return new Date(ms).toISOString()
}

function isWithin(value: number | undefined, least: number, most: number): value is number {
  return value !== undefined && value >= least && value <= most
}

function daysIn(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return month === 2 ? (leap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31
}
