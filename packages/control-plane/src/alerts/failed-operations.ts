import type { Operation } from '@navarch/core/operation/operation'
import type { Fleet } from '../fleet/fleet.ts'

/** Each node's last operation, where it failed. */
export interface FailedOperations {
  all(): Operation[]
  stop(): void
}

const rememberedMs = 7 * 24 * 3_600_000
const readAtMost = 2_000

/** Follows the fleet's operations; those of before are read once. */
export async function followFailedOperations(fleet: Fleet, now: () => number): Promise<FailedOperations> {
  const last = new Map<string, Operation>()
  const see = (operation: Operation) => {
    const known = last.get(operation.node)
    if (known && known.id !== operation.id && known.createdAt > operation.createdAt) return
    last.set(operation.node, operation)
  }
  const stop = fleet.subscribe((changes) => {
    for (const change of changes) if (change.kind === 'operation') see(change.operation)
  })
  for (const operation of (await fleet.history.operations(readAtMost)).reverse()) {
    if (!last.has(operation.node) || last.get(operation.node)?.id !== operation.id) see(operation)
  }
  return {
    stop,
    all() {
      for (const [node, operation] of last) {
        if (now() - operation.updatedAt > rememberedMs && !fleet.operations.has(operation.id)) last.delete(node)
      }
      return [...last.values()].filter(
        ({ state, node }) => state === 'failed' && fleet.nodes.get(node)?.status !== 'terminated',
      )
    },
  }
}
