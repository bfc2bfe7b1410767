import type { Tally } from './vitest-tally.ts'

export const emptyTally: Tally = { passed: 0, failed: 0, skipped: [] }

/** The sum of two runs. */
export function addTallies(one: Tally, other: Tally): Tally {
  return {
    passed: one.passed + other.passed,
    failed: one.failed + other.failed,
    skipped: [...one.skipped, ...other.skipped],
  }
}

/** The last line of a run. */
export function closingLine({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed, ${skipped.length} skipped`
}

/** Reasons of skips with how often each was given; a skip without one is named by its test. */
export function groupSkips(skipped: Tally['skipped']): { reason: string; count: number }[] {
  const counts = new Map<string, number>()
  for (const { name, reason } of skipped) {
    const key = reason ?? `${name}: no reason given`
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return [...counts].map(([reason, count]) => ({ reason, count }))
}
