import type { FleetNode } from '@navarch/core/node/node'
import type { Operation } from '@navarch/core/operation/operation'
import type { PoolMemory } from '@navarch/core/pool/pool'
import { type Change, type CommandRecord, isOver, type MachineRecord, type Store } from '../store/store.ts'

/** A change as its maker knows it: an event gets its number and time here. */
export type FleetChange =
  | Exclude<Change, { kind: 'event' }>
  | { kind: 'event'; type: string; message: string; pool?: string; node?: string; operation?: string }

/**
 * The fleet as this process knows it: the one place where state changes.
 *
 * Reads are from memory. `commit` changes memory at once, so that the next decision sees it, and resolves when it is
 * durable: nothing in the outside world may be touched before that. Records are never modified in place.
 */
export interface Fleet {
  readonly nodes: ReadonlyMap<string, FleetNode>
  /** Those that are not over. */
  readonly operations: ReadonlyMap<string, Operation>
  /** Machines that are not gone, by launch token. */
  readonly machines: ReadonlyMap<string, MachineRecord>
  /** Commands that are not acknowledged, by id. */
  readonly commands: ReadonlyMap<string, CommandRecord>
  /** What the pool remembers; a pool that has nothing yet gets its first memory. */
  poolMemory(pool: string): PoolMemory
  /** The operation that has the node in hand, if any. One that waits for approval has nothing in hand. */
  operationOf(node: string): Operation | undefined
  /** The operation on the node that waits for approval, if any. */
  proposalOf(node: string): Operation | undefined
  commit(changes: readonly FleetChange[]): Promise<void>
  /** Changes memory alone: for what is too frequent and too fleeting to store, such as heartbeats. */
  touch(node: FleetNode): void
  /** Stores nodes that were only touched. */
  flush(): Promise<void>
  /** The newest event's number. */
  lastSeq(): number
  /** Calls back after each commit is durable. The returned function ends it. */
  subscribe(listener: (changes: readonly Change[]) => void): () => void
  /** Calls back with each node that was touched. The returned function ends it. */
  onTouch(listener: (id: string) => void): () => void
  history: Pick<
    Store,
    | 'eventsSince'
    | 'findings'
    | 'bootstraps'
    | 'operations'
    | 'operation'
    | 'machineHistory'
    | 'eventsOf'
    | 'timeline'
    | 'addTimeline'
    | 'replaceTimeline'
    | 'timelineScopes'
  >
}

/**
 * Loads the fleet from its store.
 * @param onStoreLost called when a commit failed, before it rejects: memory is then ahead of the disk
 */
export async function loadFleet(
  store: Store,
  now: () => number,
  onStoreLost: (error: unknown) => void,
): Promise<Fleet> {
  const state = await store.load()
  const nodes = new Map(state.nodes.map((node) => [node.id, node]))
  const operations = new Map(state.operations.map((operation) => [operation.id, operation]))
  const pools = new Map(state.pools.map((memory) => [memory.pool, memory]))
  const machines = new Map(state.machines.map((machine) => [machine.token, machine]))
  const commands = new Map(state.commands.map((command) => [command.id, command]))
  /** The open operation of each node that has one. */
  const inHand = new Map<string, string>()
  const proposed = new Map<string, string>()
  const hold = ({ id, node, state }: Operation): void => {
    if (state === 'waiting_for_approval') {
      proposed.set(node, id)
      return
    }
    inHand.set(node, id)
    if (proposed.get(node) === id) proposed.delete(node)
  }
  for (const operation of state.operations) hold(operation)
  const touched = new Set<string>()
  const listeners = new Set<(changes: readonly Change[]) => void>()
  const touchListeners = new Set<(id: string) => void>()
  let lastSeq = state.lastSeq

  const apply = (change: Change): void => {
    switch (change.kind) {
      case 'node':
        nodes.set(change.node.id, change.node)
        touched.delete(change.node.id)
        break
      case 'node-removed':
        nodes.delete(change.id)
        touched.delete(change.id)
        break
      case 'operation':
        applyOperation(change.operation)
        break
      case 'pool':
        pools.set(change.memory.pool, change.memory)
        break
      case 'machine':
        if (isOver(change.machine.state)) machines.delete(change.machine.token)
        else machines.set(change.machine.token, change.machine)
        break
      case 'command':
        if (change.command.acknowledgedAt === undefined) commands.set(change.command.id, change.command)
        else commands.delete(change.command.id)
        break
      case 'finding':
      case 'bootstrap':
      case 'event':
      case 'api-token':
      case 'api-token-removed':
      case 'session':
      case 'session-removed':
        break
    }
  }

  const applyOperation = (operation: Operation): void => {
    const { id, node, state } = operation
    if (!isOver(state)) {
      operations.set(id, operation)
      hold(operation)
      return
    }
    operations.delete(id)
    if (inHand.get(node) === id) inHand.delete(node)
    if (proposed.get(node) === id) proposed.delete(node)
  }

  const commit = async (requested: readonly FleetChange[]): Promise<void> => {
    const changes = requested.map((change): Change => {
      if (change.kind !== 'event') return change
      lastSeq += 1
      const { type, message, pool = '', node = '', operation = '' } = change
      return { kind: 'event', event: { seq: lastSeq, at: now(), type, pool, node, operation, message } }
    })
    for (const change of changes) apply(change)
    await store.commit(changes).catch((error: unknown) => {
      onStoreLost(error)
      throw error
    })
    for (const listener of listeners) listener(changes)
  }

  return {
    nodes,
    operations,
    machines,
    commands,
    poolMemory: (pool) => pools.get(pool) ?? { pool, quarantine: [] },
    operationOf: (node) => operations.get(inHand.get(node) ?? ''),
    proposalOf: (node) => operations.get(proposed.get(node) ?? ''),
    commit,
    touch(node) {
      nodes.set(node.id, node)
      touched.add(node.id)
      for (const listener of touchListeners) listener(node.id)
    },
    async flush() {
      const changes: FleetChange[] = []
      for (const id of touched) {
        const node = nodes.get(id)
        if (node) changes.push({ kind: 'node', node })
      }
      if (changes.length > 0) await commit(changes)
    },
    lastSeq: () => lastSeq,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    onTouch(listener) {
      touchListeners.add(listener)
      return () => touchListeners.delete(listener)
    },
    history: store,
  }
}
