import type { Finding } from '@navarch/core/health/finding'

/** Counts since the program's start. */
export interface Counters {
  finding(finding: Finding): void
  /** XID events by code. */
  readonly xids: ReadonlyMap<number, number>
}

export function createCounters(): Counters {
  const xids = new Map<number, number>()
  return {
    xids,
    finding({ xid }) {
      if (xid !== undefined) xids.set(xid, (xids.get(xid) ?? 0) + 1)
    },
  }
}
