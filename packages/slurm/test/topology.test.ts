import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { expandHostlist } from '../src/hostlist.ts'
import { SlurmParseError } from '../src/slurm-error.ts'
import { parseTopology } from '../src/topology.ts'
import { capture, captureNames, releases } from './captures.ts'

const groups = (text: string) =>
  parseTopology(text).map(({ kind, name, nodes }) => [kind, name, expandHostlist(nodes).sort().join(' ')])

const captured = releases.flatMap((release) =>
  captureNames(release, /^show-topology-/).map((name) => ({ release, name, text: capture(release, name) })),
)

describe('the topology that Slurm prints', () => {
  it.each(captured.filter(({ name }) => name.includes('tree')))('$release: leaf switches alone', ({ text }) => {
    expect(text).toContain('SwitchName=core')
    expect(groups(text)).toEqual([
      ['switch', 's0', 'fut1 n1'],
      ['switch', 's1', 'fut2 n2'],
      ['switch', 's2', 'cloud-001 cloud-002 cloud-003'],
    ])
  })

  it.each(captured.filter(({ name }) => name.includes('block')))(
    '$release: blocks, and no block of blocks',
    ({ text }) => {
      expect(text).toContain('AggregatedBlock=')
      expect(groups(text)).toEqual([
        ['block', 'b0', 'fut1 n1'],
        ['block', 'b1', 'fut2 n2'],
      ])
    },
  )

  it('is nothing where none is configured, where a switch has no nodes, and where it is of another kind', () => {
    expect(parseTopology('')).toEqual([])
    expect(parseTopology('SwitchName=s0 Level=0 LinkSpeed=1\n')).toEqual([])
    expect(parseTopology('RingName=r0 Nodes=n[1-4]\n')).toEqual([])
  })

  it('property: whatever is printed, it is groups or a typed error', () => {
    const words = fc.constantFrom('SwitchName=', 'BlockName=', 'Nodes=', 'Switches=', 's0', 'n[1-2]', ' ', '\n', '=')
    fc.assert(
      fc.property(fc.array(fc.oneof(words, fc.string()), { maxLength: 30 }), (parts) => {
        try {
          for (const { name, nodes } of parseTopology(parts.join(''))) expect([name, nodes]).not.toContain('')
        } catch (error) {
          expect(error).toBeInstanceOf(SlurmParseError)
        }
      }),
    )
  })
})
