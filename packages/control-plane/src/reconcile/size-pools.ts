import type { Log } from '@navarch/system/log'
import type { Fleet } from '../fleet/fleet.ts'
import type { Engine } from '../operations/engine.ts'
import { nextName, type PoolView, type PoolViewInput } from './pool-view.ts'

export interface SizePoolsDeps {
  fleet: Fleet
  engine: Pick<Engine, 'start'>
  log: Log
}

/**
 * Acts on what a look at a pool decided: records the change of size, then starts an operation for each node.
 * Nodes that cannot be named now are left to the next look; the reason is returned for the pool's conditions.
 */
export async function actOnSize(
  deps: SizePoolsDeps,
  view: PoolView,
  input: PoolViewInput,
): Promise<string | undefined> {
  const { fleet, engine, log } = deps
  const { pool, decision } = view
  let unnamed: string | undefined
  for (const action of decision.actions) {
    if (action.kind === 'provision') {
      const names = namesFor(action.count, action.names)
      unnamed = names.missing
      if (names.chosen.length === 0) continue
      const to = decision.from + names.chosen.length
      log.info('scaling up', { pool: pool.name, from: decision.from, to, reason: decision.reason })
      const memory = { ...fleet.poolMemory(pool.name), lastScaleUpAt: input.now }
      await fleet.commit([
        { kind: 'pool', memory },
        sizeEvent(`scaling up from ${decision.from} to ${to}: ${decision.reason}`),
      ])
      for (const { name, naming } of names.chosen) {
        // Storing takes time, in which its agent may have registered.
        if (fleet.nodes.has(name) || fleet.operationOf(name)) continue
        await engine.start({
          kind: 'provision',
          pool: pool.name,
          node: name,
          reason: decision.reason,
          initiator: 'autoscaler',
          facts: { slurmName: naming },
        })
      }
    } else {
      log.info('scaling down', { pool: pool.name, from: decision.from, to: decision.to, reason: decision.reason })
      const memory = { ...fleet.poolMemory(pool.name), lastScaleDownAt: input.now }
      await fleet.commit([
        { kind: 'pool', memory },
        sizeEvent(`scaling down from ${decision.from} to ${decision.to}: ${decision.reason}`),
      ])
      for (const node of action.nodes) {
        // A fault may have come first.
        if (fleet.operationOf(node)) continue
        await engine.start({
          kind: 'scale-down',
          pool: pool.name,
          node,
          reason: `scaling down: ${decision.reason}`,
          initiator: 'autoscaler',
        })
      }
    }
  }
  return unnamed

  function sizeEvent(message: string) {
    return { kind: 'event' as const, type: 'pool-size', message, pool: pool.name }
  }

  function namesFor(count: number, demanded: readonly string[]) {
    const taken = new Set([...fleet.nodes.keys(), ...[...fleet.operations.values()].map((operation) => operation.node)])
    const chosen: { name: string; naming: Extract<ReturnType<typeof nextName>, { kind: 'name' }>['naming'] }[] = []
    while (chosen.length < count) {
      const choice = nextName(view, input, taken, demanded)
      if (choice.kind === 'none') return { chosen, missing: choice.reason }
      taken.add(choice.name)
      chosen.push(choice)
    }
    return { chosen, missing: undefined }
  }
}
