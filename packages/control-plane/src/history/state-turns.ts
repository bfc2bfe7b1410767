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

/** Makes the memory. A node that is gone keeps its past, which its successor of the same name goes on with. */
export function createStateTurns(): StateTurns {
  const turns = new Map<string, StateTurn[]>()
  const record = (node: string, state: string, at: number): void => {
    const list = turns.get(node)
    if (!list) turns.set(node, [{ at, state }])
    else if (list.at(-1)?.state !== state) {
      list.push({ at, state })
      if (list.length > kept) list.splice(0, list.length - kept)
    }
  }
  return {
    record,
    forget: (node, at) => {
      if (turns.has(node)) record(node, '', at)
    },
    of: (node) => turns.get(node) ?? [],
  }
}
