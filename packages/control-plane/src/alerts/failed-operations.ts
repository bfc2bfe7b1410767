import type { Operation, OperationKind } from '@navarch/core/operation/operation'
import type { Fleet } from '../fleet/fleet.ts'
import type { AlertReads } from '../store/alerts/alert-records.ts'

/** Operations that failed, and that no later one of their node has taken up. */
export interface FailedOperations {
  /** Those of the last days. */
  all(): Operation[]
  stop(): void
}

const dayMs = 24 * 3_600_000
const rememberedMs = 7 * dayMs
/** What waits for jobs may have begun long before it failed. */
const readMs = 30 * dayMs

/** Kinds that do, or undo, what one of a kind was to do. */
const takenUpBy: Readonly<Record<OperationKind, readonly OperationKind[]>> = {
  provision: ['provision', 'replace'],
  replace: ['provision', 'replace'],
  'scale-down': ['scale-down'],
  // To replace a node or to give it up drains it too.
  cordon: ['cordon', 'drain', 'uncordon', 'replace', 'scale-down'],
  drain: ['cordon', 'drain', 'uncordon', 'replace', 'scale-down'],
  uncordon: ['cordon', 'drain', 'uncordon', 'replace', 'scale-down'],
}

/** Whether it was more than a proposal. */
function hasBegun({ state, approval }: Operation): boolean {
  return state !== 'waiting_for_approval' && (approval === undefined || approval.state === 'approved')
}

/**
 * Those that failed and that nothing has taken up since.
 * @param newest of each node and kind the last one that began
 * @param isGone whether a node's machine is gone: one that was to be given up is then
 */
function failedOf(newest: Iterable<Operation>, isGone: (node: string) => boolean): Operation[] {
  const byNode = Map.groupBy(newest, ({ node }) => node)
  return [...byNode].flatMap(([node, operations]) =>
    operations.filter(
      ({ kind, state, createdAt }) =>
        state === 'failed' &&
        !(kind === 'scale-down' && isGone(node)) &&
        !operations.some((other) => other.createdAt > createdAt && takenUpBy[kind].includes(other.kind)),
    ),
  )
}

/** Follows the fleet's operations; those of before are read once. */
export async function followFailedOperations(
  fleet: Fleet,
  reads: Pick<AlertReads, 'operationsSince'>,
  now: () => number,
): Promise<FailedOperations> {
  /** By node and kind. */
  const newest = new Map<string, Operation>()
  const keyOf = ({ node, kind }: Operation) => `${node}\n${kind}`
  const see = (operation: Operation) => {
    if (!hasBegun(operation)) return
    const known = newest.get(keyOf(operation))
    if (known && known.id !== operation.id && known.createdAt > operation.createdAt) return
    newest.set(keyOf(operation), operation)
  }
  const stop = fleet.subscribe((changes) => {
    for (const change of changes) if (change.kind === 'operation') see(change.operation)
  })
  for await (const page of reads.operationsSince(now() - readMs)) {
    for (const operation of page) {
      // What was heard meanwhile is newer than what was read.
      if (newest.get(keyOf(operation))?.id !== operation.id) see(operation)
    }
  }
  return {
    stop,
    all() {
      for (const [key, operation] of newest) {
        if (now() - operation.updatedAt > rememberedMs && !fleet.operations.has(operation.id)) newest.delete(key)
      }
      return failedOf(newest.values(), (node) => fleet.nodes.get(node)?.status === 'terminated')
    },
  }
}
