import { expect, test } from 'vitest'
import { fleetNode, job, slurmNode } from '../../test/builders.ts'
import { countDemand } from '../demand/count-demand.ts'
import { evaluateAutoscaler } from './autoscalers.ts'
import { capacityOf } from './capacity.ts'
import { decideSize } from './decide-size.ts'
import { explainPool } from './explain.ts'
import { poolMembers } from './members.ts'

test('a pool’s size is explained from the queue to the action, job by job', () => {
  const nodes = [slurmNode('n1', 'ALLOCATED'), slurmNode('n2', 'ALLOCATED')]
  const jobs = [
    job({ id: 1, state: 'RUNNING', nodes: 'n[1-2]', priority: 300 }),
    job({ id: 2, request: { nodesMin: 3 }, priority: 200 }),
    job({ id: 3, reason: 'Dependency' }),
  ]
  const spec = { name: 'gpu', minNodes: 2, maxNodes: 4, cooldownMs: 0 }
  const members = poolMembers([fleetNode('n1'), fleetNode('n2')], [], { nodes, jobs })
  const demand = countDemand({
    jobs,
    nodes,
    partition: 'gpu',
    poolPartitions: ['gpu'],
    coming: new Set(),
    maxNodes: spec.maxNodes,
    now: 0,
  })
  const answer = evaluateAutoscaler(
    { type: 'queue', jobsPerNode: 1 },
    { nodes: 2, provisioning: 0, ...spec, queue: { demand, capacity: capacityOf(members, undefined) } },
  )
  const decision = decideSize({ spec, memory: {}, members, answer, demandedNames: demand.names, now: 0 })
  const explanation = explainPool({ spec, partition: 'gpu', members, decision, demand, answer })
  expect(explanation.lines).toEqual([
    '1 of 2 pending entries of the queue counts, for 3 nodes; started jobs hold 2',
    'queue: 5 (pending jobs 3 + running jobs 2 > 2 nodes * 1 jobs_per_node)',
    'wanted 4 of 2 to 4: pending jobs 3 + running jobs 2 > 2 nodes * 1 jobs_per_node',
    '2 nodes in service',
    'adding 2',
    'held back: max_nodes is 4, and 2 nodes exist',
  ])
  expect(explanation.jobs.map(({ label, copies, why }) => [label, copies, why])).toEqual([
    ['1', 1, 'runs'],
    ['2', 1, 'waits for nodes (Resources)'],
    ['3', 0, 'waits for something that nodes do not give (Dependency)'],
  ])
  expect(explanation.size).toEqual({ min: 2, max: 4, wanted: 4, ready: 2, busy: 2, provisioning: 0 })
})
