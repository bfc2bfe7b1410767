import { optionalText, requiredText } from './fields.ts'
import { fieldsOf, parseKeyValueRecord } from './key-value.ts'

/** Nodes that Slurm's topology puts together: on one leaf switch (topology/tree), or in one block (topology/block). */
export interface TopologyGroup {
  kind: 'switch' | 'block'
  name: string
  /** As a hostlist. */
  nodes: string
}

/**
 * Reads `scontrol show topology`, a line for each switch or block. Switches of switches, blocks of blocks, what other plugins
 * print, and what has no nodes are left out.
 * @throws SlurmParseError
 */
export function parseTopology(text: string): TopologyGroup[] {
  return text.split('\n').flatMap((line): TopologyGroup[] => {
    const kind = line.startsWith('SwitchName=') ? 'switch' : line.startsWith('BlockName=') ? 'block' : undefined
    if (kind === undefined) return []
    const fields = fieldsOf(parseKeyValueRecord(line))
    const nodes = optionalText(fields, 'Nodes')
    if (nodes === undefined || optionalText(fields, 'Switches') !== undefined) return []
    return [{ kind, name: requiredText(fields, kind === 'switch' ? 'SwitchName' : 'BlockName'), nodes }]
  })
}
