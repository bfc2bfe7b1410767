import { hardwareId } from '@navarch/providers/machine-id'
import type { Fleet } from '../fleet/fleet.ts'
import { nextName, type PoolView, type PoolViewInput } from './pool-view.ts'

type Chosen = Extract<ReturnType<typeof nextName>, { kind: 'name' }>

/** Names for that many new nodes, the demanded ones first; `missing` says why there are fewer. */
export type NamesFor = (
  count: number,
  demanded: readonly string[],
) => { chosen: Pick<Chosen, 'name' | 'naming'>[]; missing: string | undefined }

/** Finds names that no node and no operation has. */
export function createNamesFor(fleet: Fleet, view: PoolView, input: PoolViewInput): NamesFor {
  return (count, demanded) => {
    const taken = new Set([...fleet.nodes.keys(), ...[...fleet.operations.values()].map((operation) => operation.node)])
    const hostNames = freeHostNames(fleet, input)
    const chosen: Chosen[] = []
    while (chosen.length < count) {
      const choice = nextName(view, input, { taken, demanded, hostNames })
      if (choice.kind === 'none') return { chosen, missing: choice.reason }
      taken.add(choice.name)
      chosen.push(choice)
    }
    return { chosen, missing: undefined }
  }
}

/** Names of machines that can be handed out: the name of one that serves under another, or is faulty, would mislead. */
function freeHostNames(fleet: Fleet, { pool, hostNames = [] }: PoolViewInput): string[] {
  const used = [...fleet.nodes.values()].flatMap(({ machine }) =>
    machine?.provider === pool.provider ? [machine.id] : [],
  )
  const gone = new Set([...used, ...fleet.poolMemory(pool.name).quarantine].map(hardwareId))
  return hostNames.filter((name) => !gone.has(name))
}
