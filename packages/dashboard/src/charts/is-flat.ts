import type { ChartSpec } from './chart-spec.ts'

/** Whether something was read, and all of it is zero. */
export function isFlat({ lines }: Pick<ChartSpec, 'lines'>): boolean {
  let isRead = false
  for (const { values } of lines) {
    for (const value of values) {
      if (value === null) continue
      if (value !== 0) return false
      isRead = true
    }
  }
  return isRead
}
