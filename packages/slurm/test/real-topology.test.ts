import { existsSync, readdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { expandHostlist } from '../src/hostlist.ts'
import { type SlurmPlace, slurmPlaces, startRealSlurm, whyNot } from './real-slurm.ts'

const topologies = [
  {
    plugin: 'tree',
    text: 'SwitchName=s0 Nodes=n1,fut1\nSwitchName=s1 Nodes=n2,fut2\nSwitchName=core Switches=s[0-1]\n',
    groups: [
      ['switch', 's0', 'fut1 n1'],
      ['switch', 's1', 'fut2 n2'],
    ],
  },
  {
    plugin: 'block',
    text: 'BlockName=b0 Nodes=n1,fut1\nBlockName=b1 Nodes=n2,fut2\nBlockSizes=2,4\n',
    groups: [
      ['block', 'b0', 'fut1 n1'],
      ['block', 'b1', 'fut2 n2'],
    ],
  },
] as const

/** topology/block came with 23.11. */
const cases = slurmPlaces().flatMap((place) => {
  const reason = whyNot(place)
  return topologies
    .filter(({ plugin }) => reason !== undefined || hasPlugin(place, plugin))
    .map((topology) => ({ ...topology, place, reason }))
})

function hasPlugin({ root = '/' }: SlurmPlace, plugin: string): boolean {
  const libraries = join(root, 'usr/lib')
  return readdirSync(libraries).some((name) => existsSync(join(libraries, name, `slurm-wlm/topology_${plugin}.so`)))
}

describe.each(cases)(
  'topology/$plugin of $place.name',
  { timeout: 120_000 },
  ({ plugin, text, groups, place, reason }) => {
    it.skipIf(reason)(
      `is told as groups of nodes${reason === undefined ? '' : `: not tested: ${reason}`}`,
      async () => {
        const slurm = await startRealSlurm(place, {
          conf: [`TopologyPlugin=topology/${plugin}`],
          prepare: (conf) => writeFile(join(dirname(conf), 'topology.conf'), text),
        })
        try {
          const told = await slurm.client.topology()
          // Releases print a switch's own nodes in different orders.
          expect(told?.map(({ kind, name, nodes }) => [kind, name, expandHostlist(nodes).sort().join(' ')])).toEqual(
            groups,
          )
        } finally {
          await slurm.stop()
        }
      },
    )
  },
)
