/** Words for sentences that people read. */

/** "512 MiB", "7.9 GiB", "8 GiB". */
export function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${Number(value.toFixed(1))} ${units[unit]}`
}

/** "0.4 s", "42 s", "5 min", "1 h 30 min", "2 d 3 h". */
export function spanText(ms: number): string {
  if (ms < 10_000) return `${Number((ms / 1000).toFixed(1))} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return joined(`${hours} h`, minutes % 60, 'min')
  return joined(`${Math.floor(hours / 24)} d`, hours % 24, 'h')
}

function joined(text: string, rest: number, unit: string): string {
  return rest === 0 ? text : `${text} ${rest} ${unit}`
}

/** "2026-03-01 14:02:11 UTC". */
export function timeText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 10)} ${clockText(ms)}`
}

/** A time of day, "14:02:11 UTC", where the day is clear: all clocks of a cluster agree on that one alone. */
export function clockText(ms: number): string {
  return `${new Date(ms).toISOString().slice(11, 19)} UTC`
}

/** "1 process", "3 processes". */
export function countText(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

/** "n1", "n1 and n2", "n1, n2 and n3", "16 nodes". */
export function nodesText(nodes: readonly string[]): string {
  if (nodes.length > 3) return `${nodes.length} nodes`
  const [last, ...others] = [...nodes].reverse()
  return others.length === 0 ? (last ?? 'no node') : `${others.reverse().join(', ')} and ${last}`
}
