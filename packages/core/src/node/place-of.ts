import type { NodeRecord } from '@navarch/slurm/node-record'
import type { FleetNode } from './node.ts'

/** Where a node is; "" where nobody says. */
export interface Place {
  rack: string
  switch: string
}

/**
 * Where a node is, by its labels, else by a feature in Slurm that begins so ("rack7", "rack-r7", "switch=s7"), else by Slurm's topology.
 * @param topology where the topology has it; undefined: nowhere
 */
export function placeOf(
  node: FleetNode | undefined,
  record: NodeRecord | undefined,
  topology: Place | undefined,
): Place {
  const find = (what: keyof Place): string =>
    node?.labels[what] || featureOf(what, record?.features ?? []) || topology?.[what] || ''
  return { rack: find('rack'), switch: find('switch') }
}

/** "rack7" is a name as it is; what is set off, as in "rack-r7" and "rack=r7", is a name by itself. */
function featureOf(what: keyof Place, features: readonly string[]): string {
  const feature = features.find((word) => word.length > what.length && word.toLowerCase().startsWith(what)) ?? ''
  return /^[=:_-]/.test(feature.slice(what.length)) ? feature.slice(what.length + 1) : feature
}
