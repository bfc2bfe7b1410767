/** Bytes in the largest binary unit that leaves at least 1: "7.9 GiB". */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`
}

/** Seconds as Slurm writes times: "1-02:03:04", "02:03:04". */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  const two = (value: number) => String(value).padStart(2, '0')
  const days = Math.floor(whole / 86_400)
  const clock = [Math.floor(whole / 3600) % 24, Math.floor(whole / 60) % 60, whole % 60].map(two).join(':')
  return days > 0 ? `${days}-${clock}` : clock
}

/** CPU time: below a minute with hundredths, "0.42 s", since short jobs have no more; then as Slurm writes times. */
export function formatCpuTime(seconds: number): string {
  return seconds < 59.995 ? `${seconds.toFixed(2)} s` : formatDuration(seconds)
}

/** A percentage without decimals; "unknown" for a value that nobody could measure. */
export function formatPercent(percent: number | null | undefined): string {
  return percent === undefined || percent === null ? 'unknown' : `${Math.round(percent)}%`
}

/** Hours with one decimal, below one with two; "unknown" for null. What is not nothing is never "0.00". */
export function formatHours(hours: number | null): string {
  if (hours === null) return 'unknown'
  if (hours === 0 || hours >= 0.995) return hours.toFixed(1)
  return hours < 0.005 ? '<0.01' : hours.toFixed(2)
}

/** A bar of `width` characters, filled up to the percentage. */
export function bar(percent: number, width: number): string {
  const filled = Math.round((Math.min(100, Math.max(0, percent)) / 100) * width)
  return `[${'|'.repeat(filled)}${' '.repeat(width - filled)}]`
}
