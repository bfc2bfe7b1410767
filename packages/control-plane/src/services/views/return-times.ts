import type { Operation } from '@navarch/core/operation/operation'
import { medianOf } from '@navarch/core/overview/estimate-return'
import type { Fleet } from '../../fleet/fleet.ts'

/** How long replacements took of late. */
export interface ReturnTimes {
  /** Median time from the end of the jobs to the node's return, ms; undefined while none was seen. */
  afterJobsMs(pool: string): number | undefined
}

/** Replacements that are remembered. */
const remembered = 50

/** Learns from the replacements that ended, those before this process among them. */
export function createReturnTimes(fleet: Pick<Fleet, 'history' | 'subscribe'>): ReturnTimes {
  const times = new Map<string, number[]>()
  const learn = (operation: Operation): void => {
    if (operation.kind !== 'replace' || operation.state !== 'succeeded') return
    const from = operation.steps.find((step) => step.name === 'remove')?.startedAt
    const to = operation.steps.at(-1)?.finishedAt
    if (from === undefined || to === undefined) return
    times.set(operation.pool, [...(times.get(operation.pool) ?? []), to - from].slice(-remembered))
  }
  // What the store cannot tell now is learned from what comes.
  void fleet.history
    .operations(500)
    .then((operations) => operations.toReversed().forEach(learn))
    .catch(() => {})
  fleet.subscribe((changes) => {
    for (const change of changes) if (change.kind === 'operation') learn(change.operation)
  })
  return { afterJobsMs: (pool) => medianOf(times.get(pool) ?? []) }
}
