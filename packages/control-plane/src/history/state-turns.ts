/** One change of a node's shown state. */
export interface StateTurn {
  /** ms since the epoch. */
  at: number
  state: string
}

/** The last changes of every node's shown state, in memory. */
export interface StateTurns {
  /** @returns at once when the state is the one that is known already */
  record(node: string, state: string, at: number): void
  forget(node: string, at: number): void
  of(node: string): readonly StateTurn[]
}

/** Changes kept for each node. */
const kept = 96
/** Nodes that are gone and whose past is kept: more than these, and the oldest are forgotten. */
const mostGone = 5_000
/** What is gone for longer than any page looks back is forgotten, ms. */
const goneForMs = 30 * 24 * 3_600_000

/**
 * Makes the memory. A node that is gone keeps its past for a while, which its successor of the same name goes on with: where names
 * are never used again, they do not pile up.
 */
export function createStateTurns(): StateTurns {
  const turns = new Map<string, StateTurn[]>()
  /** Since when each one is gone, oldest first. */
  const gone = new Map<string, number>()

  const add = (node: string, state: string, at: number): void => {
    const list = turns.get(node)
    if (!list) turns.set(node, [{ at, state }])
    else if (list.at(-1)?.state !== state) {
      list.push({ at, state })
      if (list.length > kept) list.splice(0, list.length - kept)
    }
  }
  const prune = (now: number): void => {
    for (const [node, since] of gone) {
      if (gone.size <= mostGone && now - since <= goneForMs) return
      gone.delete(node)
      turns.delete(node)
    }
  }
  return {
    record(node, state, at) {
      gone.delete(node)
      add(node, state, at)
      prune(at)
    },
    forget(node, at) {
      if (!turns.has(node) || gone.has(node)) return
      add(node, '', at)
      gone.set(node, at)
      prune(at)
    },
    of: (node) => turns.get(node) ?? [],
  }
}
