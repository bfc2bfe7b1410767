import type { Store } from '../store/store.ts'
import { fleetScope, poolScope, type TimelinePolicy, thinTimeline, usualPolicy } from './timeline.ts'

export interface Figures {
  fleet: Record<string, number>
  pools: ReadonlyMap<string, Record<string, number>>
}

export interface RecorderDeps {
  store: Pick<Store, 'addTimeline' | 'timeline' | 'replaceTimeline' | 'timelineScopes'>
  /** The figures of now: the fleet's, and each pool's by its name. */
  figures: () => Promise<Figures>
  /** Called with each round, for what is kept in memory alone. */
  onRound: (now: number) => void
  now: () => number
  policy?: TimelinePolicy
}

/** How often figures are recorded, ms. */
export const recordEveryMs = 60_000
/** Rounds between two thinnings. */
const thinEvery = 10

/** One round of the recorder: the figures of this minute, and now and then what has become old. */
export function createRecorder({
  store,
  figures,
  onRound,
  now,
  policy = usualPolicy,
}: RecorderDeps): () => Promise<void> {
  let rounds = 0
  return async () => {
    const time = now()
    onRound(time)
    const at = Math.floor(time / recordEveryMs) * recordEveryMs
    const { fleet, pools } = await figures()
    const point = (scope: string, values: Record<string, number>) => ({ scope, at, spanMs: recordEveryMs, values })
    await store.addTimeline([
      point(fleetScope, fleet),
      ...[...pools].map(([pool, values]) => point(poolScope(pool), values)),
    ])
    if (rounds++ % thinEvery === 0) await thinTimeline(store, time, policy)
  }
}
