import type { NodeRecord } from '@navarch/slurm/node-record'
import type { FleetNode } from '../../node/node.ts'
import { type Place, placeOf } from '../../node/place-of.ts'
import type { Labels } from '../alert-rule.ts'

/**
 * A node's labels in alerts: its pool, and its rack and switch as `placeOf` and so the page have them. What nobody says is left out.
 * @param topology where Slurm's topology has it; undefined: nowhere
 */
export function placeLabels(
  id: string,
  node: FleetNode | undefined,
  record: NodeRecord | undefined,
  topology: Place | undefined,
): Labels {
  const place = placeOf(node, record, topology)
  return {
    node: id,
    ...(node?.pool && { pool: node.pool }),
    ...(place.rack && { rack: place.rack }),
    ...(place.switch && { switch: place.switch }),
  }
}
