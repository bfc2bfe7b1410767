import { formatTime } from '../lib/format.ts'

/** Ticks as local times; the day where a new one begins. @param ticks seconds since the epoch, rising */
export function timeTexts(ticks: readonly number[]): string[] {
  const [first = 0, second = first + 60] = ticks
  const step = second - first
  return ticks.map((tick) => {
    const text = formatTime(tick * 1000)
    if (step < 60) return text.slice(11)
    return step >= 86_400 || text.slice(11, 16) === '00:00' ? text.slice(5, 10) : text.slice(11, 16)
  })
}
