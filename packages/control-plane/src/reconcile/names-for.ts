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
    const chosen: Chosen[] = []
    while (chosen.length < count) {
      const choice = nextName(view, input, taken, demanded)
      if (choice.kind === 'none') return { chosen, missing: choice.reason }
      taken.add(choice.name)
      chosen.push(choice)
    }
    return { chosen, missing: undefined }
  }
}
