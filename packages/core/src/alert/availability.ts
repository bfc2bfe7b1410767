/** Looks of one hour: how many there were, and how many were answered. */
export interface HourOfLooks {
  /** Hours since the epoch. */
  hour: number
  looks: number
  answered: number
}

const hourMs = 3_600_000
const hoursKept = 30 * 24
/** What spans less says nothing about a month. */
const leastHours = 24

/** The hours with one more look; those older than 30 days go. */
export function withLook(hours: readonly HourOfLooks[], at: number, answered: boolean): HourOfLooks[] {
  const hour = Math.floor(at / hourMs)
  const kept = hours.filter((each) => each.hour > hour - hoursKept && each.hour <= hour)
  const last = kept.at(-1)
  const current = last?.hour === hour ? last : { hour, looks: 0, answered: 0 }
  const rest = last?.hour === hour ? kept.slice(0, -1) : kept
  return [...rest, { hour, looks: current.looks + 1, answered: current.answered + (answered ? 1 : 0) }]
}

/**
 * Share of looks that were answered, percent. Each hour counts the same, whatever the interval of the looks was.
 * @returns undefined while the hours with looks are fewer than a day's
 */
export function availabilityOf(hours: readonly HourOfLooks[]): number | undefined {
  const seen = hours.filter(({ looks }) => looks > 0)
  if (seen.length < leastHours) return undefined
  return (100 * seen.reduce((sum, { looks, answered }) => sum + answered / looks, 0)) / seen.length
}
