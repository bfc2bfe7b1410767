import { expect, test } from 'vitest'
import { fleetNode, job, slurmNode } from '../../test/builders.ts'
import type { FleetNode } from '../node/node.ts'
import { shapeOf } from '../pool/node-shape.ts'
import { capacityOf } from './capacity.ts'
import { poolMembers } from './members.ts'
import { poolSize } from './pool-size.ts'

const one = (
  over: Partial<FleetNode>,
  record = slurmNode('n1'),
  kind?: 'replace' | 'scale-down' | 'drain' | 'cordon',
) => poolMembers([fleetNode('n1', over)], kind ? [{ node: 'n1', kind }] : [], { nodes: [record], jobs: [] })[0]

test.each([
  ['active', {}, undefined, 'in'],
  ['being replaced', { status: 'draining' }, 'replace', 'coming'],
  ['given up', { status: 'draining' }, 'scale-down', 'leaving'],
  ['drained by us', { status: 'draining' }, 'drain', 'out'],
  ['being cordoned', {}, 'cordon', 'out'],
  ['cordoned', { status: 'cordoned' }, undefined, 'out'],
  ['faulty', { status: 'unhealthy' }, undefined, 'out'],
  ['left over from a launch that failed', { status: 'provisioning' }, undefined, 'out'],
] as const)('a node that is %s is %s', (_, over, kind, service) => {
  expect(one(over, slurmNode('n1'), kind)).toMatchObject({ service })
})

test.each([
  ['IDLE', undefined, 'idle'],
  ['IDLE+DRAIN', 'navarch: cordoned', 'idle'],
  ['IDLE+DRAIN', 'kernel update', 'held'],
  ['IDLE+DRAIN', 'Kill task failed', 'held'],
  ['DOWN', 'bad fan', 'held'],
  ['IDLE+RESERVED', undefined, 'held'],
  ['IDLE+MAINTENANCE', undefined, 'held'],
  ['MIXED', undefined, 'busy'],
  ['IDLE+COMPLETING', undefined, 'busy'],
  ['IDLE+PLANNED', undefined, 'busy'],
  ['IDLE+NOT_RESPONDING', undefined, 'unknown'],
  ['DOWN', 'Not responding', 'unknown'],
])('a node that Slurm calls %s with "%s" is %s', (state, reason, activity) => {
  expect(one({}, slurmNode('n1', state, reason === undefined ? {} : { reason }))).toMatchObject({ activity })
})

test('a node that a person holds in Slurm is out of service', () => {
  expect(one({}, slurmNode('n1', 'IDLE+DRAIN', { reason: 'bad fan' }))).toMatchObject({
    service: 'out',
    activity: 'held',
  })
})

test('a suspended job keeps its node busy although Slurm calls it idle', () => {
  const jobs = [job({ state: 'SUSPENDED', nodes: 'n[1-2]' })]
  const members = poolMembers([fleetNode('n1')], [], { nodes: [slurmNode('n1')], jobs })
  expect(members).toMatchObject([{ activity: 'busy' }])
})

test('without Slurm’s data nothing is idle; where there is no Slurm everything is', () => {
  expect(poolMembers([fleetNode('n1')], [], undefined)).toMatchObject([{ activity: 'unknown' }])
  expect(poolMembers([fleetNode('n1')], [], 'absent')).toMatchObject([{ activity: 'idle' }])
  expect(poolMembers([fleetNode('n1')], [], { nodes: [], jobs: [] })).toMatchObject([{ activity: 'unknown' }])
})

test('a launch counts before its node is known, and once when it is; terminated nodes do not', () => {
  const nodes = [fleetNode('n1', { status: 'provisioning' }), fleetNode('n3', { status: 'terminated' })]
  const operations = [
    { node: 'n1', kind: 'provision' as const },
    { node: 'n2', kind: 'provision' as const },
  ]
  expect(poolMembers(nodes, operations, 'absent').map(({ id, service }) => [id, service])).toEqual([
    ['n1', 'coming'],
    ['n2', 'coming'],
  ])
})

test('capacity is what is free, what comes, and what is taken', () => {
  const mixed = slurmNode('n1', 'MIXED', { cpusAllocated: 16, memoryAllocatedMb: 1000, gpusAllocated: 2 })
  const nodes = ['n1', 'n2', 'n3', 'n4'].map((id) => fleetNode(id))
  const view = { nodes: [mixed, slurmNode('n2'), slurmNode('n3', 'DOWN')], jobs: [] }
  const members = poolMembers(nodes, [{ node: 'n5', kind: 'provision' }], view)
  expect(capacityOf(members, shapeOf(slurmNode('n')))).toEqual({
    occupied: 3,
    free: [
      { cpus: 80, memoryMb: 999_000, gpus: 6, empty: false },
      { cpus: 96, memoryMb: 1_000_000, gpus: 8, empty: true },
      { cpus: 96, memoryMb: 1_000_000, gpus: 8, empty: true },
    ],
  })
  expect(poolSize({ minNodes: 1, maxNodes: 9 }, members, 5)).toEqual({
    min: 1,
    max: 9,
    wanted: 5,
    ready: 4,
    busy: 1,
    provisioning: 1,
  })
})

test('a node that is made for a job by name has no room for others', () => {
  const members = poolMembers([], [{ node: 'c1', kind: 'provision' }], 'absent')
  expect(capacityOf(members, undefined, ['c1', 'c2'])).toEqual({ occupied: 2, free: [] })
})
