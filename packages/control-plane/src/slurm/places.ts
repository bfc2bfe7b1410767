import { namesIn } from '@navarch/core/demand/names-in'
import type { Place } from '@navarch/core/node/place-of'
import type { TopologyGroup } from '@navarch/slurm/topology'

/** Where Slurm's topology has each node. */
export type Places = ReadonlyMap<string, Place>

export const noPlaces: Places = new Map()

/** A leaf switch is a node's switch, and a block, whose nodes share one NVLink domain or enclosure, its rack. */
export function placesOf(groups: readonly TopologyGroup[]): Places {
  const places = new Map<string, Place>()
  for (const { kind, name, nodes } of groups) {
    for (const node of namesIn(nodes)) {
      const place = places.get(node) ?? { rack: '', switch: '' }
      places.set(
        node,
        kind === 'block' ? { ...place, rack: place.rack || name } : { ...place, switch: place.switch || name },
      )
    }
  }
  return places
}
