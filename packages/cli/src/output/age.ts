const units: readonly (readonly [seconds: number, unit: string])[] = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'm'],
  [1, 's'],
]

/** How long ago an RFC 3339 time was, in its largest unit: "5s ago"; "never" for null. */
export function formatAge(time: string | null | undefined, now: number): string {
  if (time === null || time === undefined) return 'never'
  const then = Date.parse(time)
  return Number.isNaN(then) ? 'unknown' : `${formatSpan(now - then)} ago`
}

/** A span in ms in its largest unit, rounded down: "5s", "3m", "2h", "1d". A negative one (clocks differ) is "0s". */
export function formatSpan(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const [size, unit] = units.find(([least]) => seconds >= least) ?? [1, 's']
  return `${Math.floor(seconds / size)}${unit}`
}
