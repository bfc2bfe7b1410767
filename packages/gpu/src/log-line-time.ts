const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const iso = /^(?:<\d+>\d?\s*)?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d))/
const traditional = /^(?:<\d+>)?([A-Z][a-z]{2})\s+(\d{1,2}) (\d\d):(\d\d):(\d\d) /
const sinceBoot = /^(?:<\d+>)?\[\s*(\d+\.\d+)\]/

/**
 * When a line of a log file was written, ms since the epoch; undefined when it does not say.
 * Known are RFC 3339 stamps, the traditional "Nov 21 08:00:00" (in local time, of the year that puts it before `now`)
 * and the kernel's "[12345.678901]".
 * @param bootedAt when the machine was started, ms since the epoch
 */
export function logLineTime(line: string, now: number, bootedAt: number): number | undefined {
  const stamp = iso.exec(line)?.[1]
  if (stamp !== undefined) {
    const at = Date.parse(stamp.replace(',', '.'))
    return Number.isNaN(at) ? undefined : at
  }
  const seconds = sinceBoot.exec(line)?.[1]
  if (seconds !== undefined) return Math.round(bootedAt + Number(seconds) * 1000)
  const [, month = '', day, hour, minute, second] = traditional.exec(line) ?? []
  if (!months.includes(month)) return undefined
  const inYear = (year: number) =>
    new Date(year, months.indexOf(month), Number(day), Number(hour), Number(minute), Number(second)).getTime()
  const year = new Date(now).getFullYear()
  const dayMs = 86_400_000
  return inYear(year) > now + dayMs ? inYear(year - 1) : inYear(year)
}
