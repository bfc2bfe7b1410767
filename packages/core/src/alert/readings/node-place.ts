import type { NodeRecord } from '@navarch/slurm/node-record'
import type { FleetNode } from '../../node/node.ts'
import type { Labels } from '../alert-rule.ts'

/**
 * Where a node is: its pool, and its rack and switch as its labels say, else a feature in Slurm such as "rack7" or "switch=s7".
 * What nobody says is left out.
 */
export function placeLabels(id: string, node: FleetNode | undefined, record: NodeRecord | undefined): Labels {
  const rack = placeOf('rack', node, record)
  const leaf = placeOf('switch', node, record)
  return {
    node: id,
    ...(node?.pool && { pool: node.pool }),
    ...(rack && { rack }),
    ...(leaf && { switch: leaf }),
  }
}

function placeOf(what: 'rack' | 'switch', node: FleetNode | undefined, record: NodeRecord | undefined): string {
  const label = node?.labels[what]
  if (label) return label
  const feature = record?.features.find((word) => word.length > what.length && word.toLowerCase().startsWith(what))
  return feature?.replace(/^(?:rack|switch)[=:]/i, '') ?? ''
}
