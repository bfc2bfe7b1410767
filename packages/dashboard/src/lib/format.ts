/** Numbers as people read them, each with its unit. `null` is "not known" and has its own look: see `Value`. */

const binary = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** @param bytes e.g. 8589934592 @returns e.g. "8.0 GiB" */
export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (Math.abs(value) >= 1024 && unit < binary.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit === 0 || Math.abs(value) >= 100 ? Math.round(value) : value.toFixed(1)} ${binary[unit]}`
}

/** @param bytes in a second, e.g. 134217728 @returns e.g. "128 MiB/s" */
export function formatByteRate(bytes: number): string {
  return `${formatBytes(bytes)}/s`
}

/** @param seconds e.g. 4321 @returns the two largest parts, e.g. "1h 12m" */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  const days = Math.floor(whole / 86_400)
  const hours = Math.floor((whole % 86_400) / 3600)
  const minutes = Math.floor((whole % 3600) / 60)
  if (days > 0) return hours > 0 ? `${days}d ${hours}h` : `${days}d`
  if (hours > 0) return minutes > 0 ? `${hours}h ${minutes}m` : `${hours}h`
  if (minutes > 0) return whole % 60 > 0 && minutes < 10 ? `${minutes}m ${whole % 60}s` : `${minutes}m`
  return `${whole}s`
}

/** How long ago, in one part. @returns e.g. "2 s ago", "5 min ago"; for times ahead "in 20 min" */
export function formatAge(at: number, now: number): string {
  const seconds = Math.round((now - at) / 1000)
  const text = largestPart(Math.abs(seconds))
  return seconds < 0 ? `in ${text}` : `${text} ago`
}

function largestPart(seconds: number): string {
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`
  return `${Math.floor(seconds / 86_400)} d`
}

/** Thousands apart: "12,480". */
export function formatCount(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 0 })
}

/** One decimal below ten, none above: "9.4", "412"; never nothing for a little: "<0.1". */
export function formatNumber(value: number): string {
  if (value > 0 && value < 0.05) return '<0.1'
  const digits = Math.abs(value) < 9.95 && !Number.isInteger(value) ? 1 : 0
  return value.toLocaleString('en-US', { maximumFractionDigits: digits, minimumFractionDigits: digits })
}

/** As it was written, e.g. a limit of 99.9: nothing is rounded away. */
export function formatExact(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 20 })
}

/** For axes of things that are counted: nothing between two whole numbers. */
export function formatWhole(value: number): string {
  return Number.isInteger(value) ? formatCount(value) : ''
}

/** @param value 0 to 100 */
export function formatPercent(value: number): string {
  return `${value > 0 && value < 1 ? '<1' : Math.round(value)} %`
}

/** "1 node", "3 nodes". */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`
}

/** The exact time for titles, with its zone, since a cluster is often elsewhere: "2026-11-21 14:02:11 UTC+1". */
export function formatExactTime(at: number): string {
  return `${formatTime(at)} ${formatZone(-new Date(at).getTimezoneOffset())}`
}

/** @param minutes that local time is ahead of UTC @returns e.g. "UTC", "UTC+1", "UTC-3:30" */
export function formatZone(minutes: number): string {
  if (minutes === 0) return 'UTC'
  const whole = Math.floor(Math.abs(minutes) / 60)
  const rest = Math.abs(minutes) % 60
  return `UTC${minutes < 0 ? '-' : '+'}${whole}${rest === 0 ? '' : `:${String(rest).padStart(2, '0')}`}`
}

/** Local date and time: "2026-11-21 14:02:11". */
export function formatTime(at: number): string {
  const date = new Date(at)
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}
