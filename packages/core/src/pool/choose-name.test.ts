import type { NodeRecord } from '@navarch/slurm/node-record'
import { expect, test } from 'vitest'
import { slurmNode } from '../../test/builders.ts'
import { chooseName, freeNames, type NameInput, type SlurmNames } from './choose-name.ts'

const choose = (nodes: NodeRecord[], over: Partial<NameInput> & Partial<SlurmNames> = {}) => {
  const { partition = { name: 'gpu', nodes: '' }, maxNodeCount, ...rest } = over
  const slurm = { partition, nodes, ...(maxNodeCount !== undefined && { maxNodeCount }) }
  return chooseName({ pool: 'gpu', slurm, taken: new Set(), ...rest })
}
const state = (text: string, reason?: string) => slurmNode('n1', text, reason === undefined ? {} : { reason })

test.each([
  ['FUTURE', 'future'],
  ['IDLE+CLOUD+POWERED_DOWN', 'cloud'],
  ['DOWN+CLOUD+NOT_RESPONDING', 'cloud'],
  ['DOWN*', 'static'],
])('a name that is %s is free as %s', (text, naming) => {
  expect(choose([state(text)])).toEqual({ kind: 'name', name: 'n1', naming })
})

test.each([
  ['DOWN', 'Not responding'],
  ['DOWN', 'ResumeTimeout reached'],
  ['DOWN+DRAIN', 'navarch: XID 79: GPU has fallen off the bus'],
  ['FUTURE+DRAIN', 'Navarch: verifying'],
  ['UNKNOWN+NOT_RESPONDING', undefined],
])('a name that is %s with "%s" is free', (text, reason) => {
  expect(choose([state(text, reason)])).toMatchObject({ kind: 'name', name: 'n1' })
})

test.each([
  ['DOWN', 'bad fan'],
  ['DOWN+DRAIN', 'kernel update'],
  ['FUTURE+DRAIN', 'keep free'],
  ['IDLE+CLOUD+POWERED_DOWN+DRAIN', 'do not use'],
  ['DOWN+RESERVED', undefined],
  ['IDLE', undefined],
  ['IDLE+CLOUD', undefined],
  ['UNKNOWN', undefined],
  ['ALLOCATED+CLOUD+POWERED_DOWN', undefined],
  ['DOWN+DYNAMIC_NORM', undefined],
])('a name that is %s with "%s" is not free', (text, reason) => {
  expect(choose([state(text, reason)])).toMatchObject({ kind: 'none' })
})

test('a name that jobs wait for comes first, even with a job on it', () => {
  const nodes = [slurmNode('f1', 'FUTURE'), slurmNode('c1', 'ALLOCATED+CLOUD+POWERED_DOWN')]
  expect(choose(nodes, { demanded: ['c1'] })).toEqual({ kind: 'name', name: 'c1', naming: 'cloud' })
  expect(choose(nodes)).toMatchObject({ name: 'f1' })
})

test('names are taken in slurm.conf’s order, FUTURE before CLOUD before plain ones', () => {
  const nodes = [
    slurmNode('d1', 'DOWN'),
    slurmNode('c2', 'IDLE+CLOUD+POWERED_DOWN'),
    slurmNode('f2', 'FUTURE'),
    slurmNode('f1', 'FUTURE'),
  ]
  expect(freeNames({ partition: { name: 'gpu', nodes: '' }, nodes }, new Set(['f2'])).map((free) => free.name)).toEqual(
    ['f1', 'c2', 'd1'],
  )
})

test('names come in the order of the partition, and those that slurmctld hides are powered-down CLOUD names', () => {
  const partition = { name: 'gpu', nodes: 'c[1-2],f[1-2]' }
  const nodes = [slurmNode('f2', 'FUTURE'), slurmNode('f1', 'FUTURE'), slurmNode('c1', 'IDLE+CLOUD')]
  expect(freeNames({ partition, nodes }, new Set())).toEqual([
    { name: 'f1', naming: 'future' },
    { name: 'f2', naming: 'future' },
    { name: 'c2', naming: 'cloud' },
  ])
})

test('names of other partitions are not free', () => {
  expect(choose([slurmNode('n1', 'FUTURE', { partitions: ['cpu'] })])).toMatchObject({ kind: 'none' })
})

test('without a free name a dynamic one is made, where there is room', () => {
  const nodes = [slurmNode('gpu-001'), slurmNode('n1', 'IDLE', { partitions: ['cpu'] })]
  const taken = new Set(['gpu-002'])
  expect(choose(nodes, { maxNodeCount: 3, taken })).toEqual({ kind: 'name', name: 'gpu-003', naming: 'dynamic' })
  expect(choose(nodes, { maxNodeCount: 2, taken })).toMatchObject({ kind: 'none' })
})

test('without Slurm names are made up', () => {
  const choice = chooseName({ pool: 'gpu', slurm: undefined, taken: new Set(['gpu-001']) })
  expect(choice).toEqual({ kind: 'name', name: 'gpu-002', naming: 'none' })
})

test('a host that has a name becomes the node of that name, where nothing else names it', () => {
  const hostNames = ['rack-1', 'rack-2']
  const name = (taken: string[]) => chooseName({ pool: 'gpu', slurm: undefined, taken: new Set(taken), hostNames })
  expect(name([])).toEqual({ kind: 'name', name: 'rack-1', naming: 'none' })
  expect(name(['rack-1'])).toMatchObject({ name: 'rack-2' })
  expect(name(['rack-1', 'rack-2'])).toMatchObject({ name: 'gpu-001' })
  expect(choose([], { maxNodeCount: 3, hostNames })).toEqual({ kind: 'name', name: 'rack-1', naming: 'dynamic' })
})

test('of the partition’s free names the one that a host has is taken, unless jobs wait for another', () => {
  const nodes = [slurmNode('n1', 'FUTURE'), slurmNode('n2', 'FUTURE'), slurmNode('n3', 'DOWN', { reason: 'bad fan' })]
  expect(choose(nodes, { hostNames: ['n3', 'n2'] })).toEqual({ kind: 'name', name: 'n2', naming: 'future' })
  expect(choose(nodes, { hostNames: ['n2'], demanded: ['n1'] })).toMatchObject({ name: 'n1' })
  expect(choose(nodes, { hostNames: ['rack-1'] })).toMatchObject({ name: 'n1' })
})

test('when there is none, the reason says why and what to do', () => {
  const nodes = [slurmNode('n1'), slurmNode('n2', 'DOWN', { reason: 'bad fan' })]
  expect(choose(nodes, { taken: new Set(['n1']) })).toEqual({
    kind: 'none',
    reason:
      'none of the 2 node names of partition "gpu" is free (1 in use by this fleet, 1 set down or drained by a person); ' +
      'dynamic nodes are off (MaxNodeCount is not set); add names to slurm.conf, or set MaxNodeCount',
  })
})
