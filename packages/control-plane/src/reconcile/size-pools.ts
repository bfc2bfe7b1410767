import type { Log } from '@navarch/system/log'
import type { Fleet } from '../fleet/fleet.ts'
import type { Engine } from '../operations/engine.ts'
import { createNamesFor } from './names-for.ts'
import type { PoolView, PoolViewInput } from './pool-view.ts'
import { proposeSizes } from './propose-sizes.ts'

export interface SizePoolsDeps {
  fleet: Fleet
  engine: Pick<Engine, 'start' | 'withdraw'>
  log: Log
}

/**
 * Acts on what a look at a pool decided: records the change of size, then starts an operation for each node. In the mode
 * `recommend` the operations wait for approval, unless a person asked for the size; in the mode `observe` nothing is done.
 * Nodes that cannot be named now are left to the next look; the reason is returned for the pool's conditions.
 */
export async function actOnSize(
  deps: SizePoolsDeps,
  view: PoolView,
  input: PoolViewInput,
): Promise<string | undefined> {
  const { fleet, engine, log } = deps
  const { pool, decision } = view
  const namesFor = createNamesFor(fleet, view, input)
  if (pool.mode === 'observe') return undefined
  if (pool.mode === 'recommend' && fleet.poolMemory(pool.name).manualSize === undefined) {
    return proposeSizes(deps, pool.name, decision, namesFor, input.now)
  }
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
}
