import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rawCapture, releases } from '../test/captures.ts'
import { expandHostlist } from './hostlist.ts'
import { confNodeKind, isConfigless, parseSlurmConf } from './slurm-conf.ts'
import { SlurmParseError } from './slurm-error.ts'

describe('parseSlurmConf', () => {
  it.each(releases)('reads the configuration of the %s captures', (release) => {
    const conf = parseSlurmConf(rawCapture(release, 'slurm.conf'))
    expect(conf.settings).toMatchObject({ clustername: 'lab', maxnodecount: '64', resumeprogram: '/bin/true' })
    expect(conf.controllers).toEqual(['vm(127.0.0.1)'])
    expect(conf.partitions.map((partition) => partition.name)).toEqual([
      'gpu',
      'cpu',
      'cloud',
      'all',
      'maint',
      'closed',
    ])
    const names = (kind: string) =>
      conf.nodes.filter((node) => confNodeKind(node) === kind).flatMap((node) => expandHostlist(node.name))
    expect(names('future')).toEqual(['fut1', 'fut2'])
    expect(names('cloud')).toEqual(['cloud-001', 'cloud-002', 'cloud-003'])
    expect(names('static')).toEqual(expect.arrayContaining(['n1', 'n4', 'gone1']))
    const rack = conf.nodes.at(-1)
    expect(rack?.values).toMatchObject({ reason: 'bad fan | slot=3, GPU 5', cpus: '8', state: 'DRAIN' })
  })

  it('reads comments, continued lines, DEFAULT lines, any case and included files', () => {
    const text = [
      '# a comment',
      'clusterNAME = a # another',
      'SlurmctldHost=one',
      'SlurmctldHost=two(10.0.0.2)',
      'SlurmctldParameters=foo,Enable_Configless',
      'NodeName=DEFAULT CPUs=8 State=FUTURE',
      'NodeName=gpu-[001-064] \\',
      '  RealMemory=1000',
      'NodeName=DEFAULT State=UNKNOWN',
      'NodeName=login Comment="rack \\#7"',
      'NodeSet=dyn Feature=dyn',
      'include /etc/slurm/partitions.conf',
    ].join('\n')
    const conf = parseSlurmConf(text, (path) => `PartitionName=p Comment=${path} Nodes=ALL\n`)
    expect(conf.controllers).toEqual(['one', 'two(10.0.0.2)'])
    expect(isConfigless(conf)).toBe(true)
    expect(conf.nodes).toEqual([
      { name: 'gpu-[001-064]', values: { cpus: '8', state: 'FUTURE', realmemory: '1000' }, line: 7 },
      { name: 'login', values: { cpus: '8', state: 'UNKNOWN', comment: 'rack #7' }, line: 10 },
    ])
    expect(conf.nodeSets).toEqual([{ name: 'dyn', values: { feature: 'dyn' }, line: 11 }])
    expect(conf.partitions).toEqual([
      { name: 'p', values: { comment: '/etc/slurm/partitions.conf', nodes: 'ALL' }, line: 1 },
    ])
  })

  it('names the line of what it cannot read', () => {
    expect(() => parseSlurmConf('ClusterName=a\n\nthis is wrong\n')).toThrow(/slurm.conf line 3: not "Key=value"/)
    expect(() => parseSlurmConf('Include other.conf')).toThrow(/line 1: Include cannot be followed/)
    expect(() => parseSlurmConf('Include self', () => 'Include self')).toThrow(SlurmParseError)
  })

  it('answers any text with a configuration or a SlurmParseError', () => {
    const lines = fc.array(
      fc.oneof(fc.string(), fc.constantFrom('NodeName=a', 'x=1 \\', 'PartitionName=DEFAULT State=UP')),
    )
    fc.assert(
      fc.property(lines, (list) => {
        try {
          expect(parseSlurmConf(list.join('\n'))).toBeDefined()
        } catch (error) {
          expect(error).toBeInstanceOf(SlurmParseError)
        }
      }),
    )
  })
})
