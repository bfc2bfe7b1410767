import type { PendingReason } from '@navarch/slurm/pending-reason'

/**
 * What a pending reason means for demand:
 * - `capacity`: the job waits for nodes
 * - `nodes`: it waits for certain nodes, so only those count that we can provide
 * - `time`: it waits for a moment, which counts when it is near
 * - `other`: more nodes would not start it
 * - `unknown`: nobody knows what it waits for
 */
export type ReasonMeaning = 'capacity' | 'nodes' | 'time' | 'other' | 'unknown'

/** Every other reason of Slurm's catalogue is a limit, a hold, a dependency, a reservation or a failure. */
const meanings: ReadonlyMap<string, ReasonMeaning> = new Map([
  ['None', 'capacity'],
  ['Priority', 'capacity'],
  ['Resources', 'capacity'],
  ['NodesNotAvailable', 'nodes'],
  ['ReqNodeNotAvail', 'nodes'],
  ['NodeDown', 'time'],
  ['BeginTime', 'time'],
])

/** What a reason means. Source: squeue(1), "JOB REASON CODES", 21.08 to 26.05. */
export function meaningOf(reason: PendingReason): ReasonMeaning {
  return meanings.get(reason.code) ?? (reason.known ? 'other' : 'unknown')
}
