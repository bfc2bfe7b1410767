import type { FreshnessJson } from '@navarch/api/views'
import { spanText } from '@navarch/core/count-words'
import type { SlurmSnapshot } from '@navarch/slurm/snapshot'
import type { SnapshotView } from '@navarch/slurm/snapshot-poller'
import { time } from '../render.ts'

/** Polls that may be missed before Slurm's word is no word of the present. */
const missedPolls = 5
/** It is never taken for old before this age, ms. */
const leastStaleMs = 60_000

/** How Slurm's newest look is to be taken. */
export interface SlurmSight {
  /** `absent`: there is no Slurm here; `stale`: nothing was seen yet, or not for too long. */
  state: 'absent' | 'fresh' | 'stale'
  snapshot: SlurmSnapshot | undefined
  /** Why it is not seen, a sentence without its end; undefined when it is. */
  problem: string | undefined
}

/**
 * @param view undefined: there is no Slurm here
 * @param everyMs time between two looks
 */
export function slurmSight(view: SnapshotView | undefined, everyMs: number): SlurmSight {
  if (!view) return { state: 'absent', snapshot: undefined, problem: undefined }
  const { snapshot, ageMs, error } = view
  const why = error ? `: ${error.message}` : ''
  if (!snapshot || ageMs === undefined) {
    const problem = error ? `Slurm cannot be read${why}` : 'Slurm has not been seen yet'
    return { state: 'stale', snapshot: undefined, problem }
  }
  if (ageMs > Math.max(missedPolls * everyMs, leastStaleMs)) {
    return { state: 'stale', snapshot, problem: `Slurm was last seen ${spanText(ageMs)} ago${why}` }
  }
  return { state: 'fresh', snapshot, problem: error ? `The last look at Slurm failed${why}` : undefined }
}

export function freshnessJson({ state, snapshot, problem }: SlurmSight, everyMs: number, now: number): FreshnessJson {
  return {
    slurm_at: snapshot ? time(snapshot.takenAt) : null,
    slurm_every: state === 'absent' ? null : everyMs / 1000,
    slurm_problem: problem ?? null,
    now: time(now),
  }
}
