const shape = /^(\d{4})-(\d\d)-(\d\d)[Tt ]\d\d:\d\d:(\d\d)(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/

/**
 * Reads a time as RFC 3339 has it, e.g. "2026-03-01T12:00:00Z". A leap second is the start of the next minute.
 * @returns ms since the epoch; undefined when it is none
 */
export function parseTime(text: string): number | undefined {
  // A time is checked and then read, and events of a moment come together.
  if (text === lastRead.text) return lastRead.ms
  const ms = readTime(text)
  lastRead = { text, ms }
  return ms
}

let lastRead: { text: string; ms: number | undefined } = { text: '', ms: undefined }

function readTime(text: string): number | undefined {
  const match = shape.exec(text)
  if (!match) return undefined
  const [, year, month, day, second] = match
  // Date.parse takes February 31 for a day of March.
  if (Number(day) > 28 && Number(day) > daysIn(Number(year), Number(month))) return undefined
  // Date.parse knows ISO 8601 in capital letters, and no leap seconds.
  const plain = text[10] === 'T' && text.endsWith('Z') && second !== '60'
  if (plain) return knownTime(Date.parse(text))
  const iso = `${text.slice(0, 10)}T${text.slice(11).toUpperCase()}`
  const ms = second === '60' ? Date.parse(`${iso.slice(0, 17)}59${iso.slice(19)}`) + 1000 : Date.parse(iso)
  return knownTime(ms)
}

function knownTime(ms: number): number | undefined {
  return Number.isNaN(ms) ? undefined : ms
}

/** Writes a time as RFC 3339 in UTC. */
export function formatTime(ms: number): string {
  return new Date(ms).toISOString()
}

function daysIn(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return month === 2 ? (leap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31
}
