import type { Store, TimelinePoint } from '../store/store.ts'
import { downsamplePoints } from './downsample-points.ts'

/** How long figures are kept, and how finely. */
export interface TimelinePolicy {
  /** A point each minute for so long, ms. */
  fineMs: number
  /** After that the highest and the lowest of this stretch, ms. */
  coarseMs: number
  /** Older ones go, ms. */
  keepMs: number
}

const minuteMs = 60_000
const dayMs = 24 * 3_600_000

export const usualPolicy: TimelinePolicy = { fineMs: 30 * dayMs, coarseMs: 20 * minuteMs, keepMs: 400 * dayMs }

/** Stretches that one thinning puts together at most, for each scope: it must never hold up others for long. */
const stretchesAtOnce = 36

export const fleetScope = 'fleet'

/** The scope of a pool's figures. */
export function poolScope(pool: string): string {
  return `pool/${pool}`
}

/** Most points that a page gets. */
const mostPoints = 1_500

/**
 * A scope's figures of some hours, few enough to draw, peaks kept. Where nothing was recorded for longer than points stand for,
 * a point without values marks the gap.
 */
export async function readTimeline(
  store: Pick<Store, 'timeline'>,
  scope: string,
  hours: number,
  now: number,
): Promise<TimelinePoint[]> {
  const points = await store.timeline(scope, now - hours * 3_600_000, now)
  return withGaps(downsamplePoints(points, mostPoints))
}

function withGaps(points: readonly TimelinePoint[]): TimelinePoint[] {
  return points.flatMap((point, index) => {
    const next = points[index + 1]
    const ends = point.at + 3 * point.spanMs
    return next && next.at > ends
      ? [point, { at: point.at + point.spanMs, spanMs: next.at - ends, values: {} }]
      : [point]
  })
}

/** Makes old points coarser, and removes the oldest; a bounded piece of that with each call. */
export async function thinTimeline(
  store: Pick<Store, 'timeline' | 'replaceTimeline' | 'timelineScopes'>,
  now: number,
  { fineMs, coarseMs, keepMs }: TimelinePolicy,
): Promise<void> {
  const coarsePoint = Math.floor(coarseMs / 2)
  for (const { scope, oldest } of await store.timelineScopes(coarsePoint)) {
    const from = Math.floor(oldest / coarseMs) * coarseMs
    const to = Math.min(from + stretchesAtOnce * coarseMs, Math.floor((now - fineMs) / coarseMs) * coarseMs)
    for (let at = from; at < to; at += coarseMs) {
      const fine = await store.timeline(scope, at, at + coarseMs - 1)
      if (fine.length === 0) continue
      const coarse = downsamplePoints(fine, 2).map((point, index) => ({
        ...point,
        at: at + index * coarsePoint,
        spanMs: coarsePoint,
      }))
      await store.replaceTimeline(scope, at, at + coarseMs - 1, coarse)
    }
  }
  for (const { scope, oldest } of await store.timelineScopes(Number.MAX_SAFE_INTEGER)) {
    if (oldest < now - keepMs) await store.replaceTimeline(scope, 0, now - keepMs, [])
  }
}
