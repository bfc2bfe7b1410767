import type { SlurmClient } from '@navarch/slurm/client'
import type { SnapshotPoller } from '@navarch/slurm/snapshot-poller'
import type { SlurmExporter } from './exporter.ts'

/** Between two looks at what changes slowly, ms. */
const detailsEveryMs = 60_000

export interface FollowedLooks {
  onSnapshot: SnapshotPoller['onSnapshot']
  details: SlurmClient['details']
  now: () => number
  onError: (error: unknown) => void
}

/** Gives every look, and from time to time what changes slowly, to the exporter. Returns a function that ends it. */
export function followLooks(exporter: SlurmExporter, { onSnapshot, details, now, onError }: FollowedLooks): () => void {
  let detailsAt = Number.NEGATIVE_INFINITY
  return onSnapshot(({ failures }) => {
    exporter.onLook().catch(onError)
    // The machine's clock may be set back.
    if (failures > 0 || Math.abs(now() - detailsAt) < detailsEveryMs) return
    detailsAt = now()
    details().then((found) => exporter.setDetails(found), onError)
  })
}
