import { describe, expect, test } from 'vitest'
import { job, slurmNode } from '../../test/builders.ts'
import { countDemand, type Demand } from '../demand/count-demand.ts'
import { shapeOf } from '../pool/node-shape.ts'
import type { AutoscalerSpec } from '../pool/pool-spec.ts'
import { type AutoscalerInput, evaluateAutoscaler } from './autoscalers.ts'
import type { PoolCapacity } from './capacity.ts'

const shape = shapeOf(slurmNode('n'))
const none: Demand = { pendingNodes: 0, runningNodes: 0, work: [], names: [], jobs: [], unknownReasons: {} }
const queueOf = (demand: Partial<Demand>, capacity: PoolCapacity = { occupied: 0, free: [] }) => ({
  queue: { demand: { ...none, ...demand }, capacity },
})
const evaluate = (spec: AutoscalerSpec, over: Partial<AutoscalerInput> = {}) =>
  evaluateAutoscaler(spec, {
    nodes: 4,
    provisioning: 0,
    minNodes: 2,
    maxNodes: 64,
    queue: { unavailable: 'Slurm did not answer for 2m' },
    shape,
    ...over,
  })
const queue: AutoscalerSpec = { type: 'queue', jobsPerNode: 1 }
const reactive: AutoscalerSpec = { type: 'reactive', scaleUpThreshold: 90, scaleDownThreshold: 10 }

describe('queue', () => {
  test('20 pending and 4 running jobs at one per node want 24 nodes', () => {
    expect(evaluate(queue, queueOf({ pendingNodes: 20, runningNodes: 4 }))).toMatchObject({
      wanted: 24,
      reason: 'pending jobs 20 + running jobs 4 > 4 nodes * 1 jobs_per_node',
    })
  })

  test('the reason is the document’s', () => {
    expect(evaluate(queue, queueOf({ pendingNodes: 8 }))).toMatchObject({
      wanted: 8,
      reason: 'pending jobs 8 > 4 nodes * 1 jobs_per_node',
    })
  })

  test.each([
    [7, 4, '<='],
    [8, 4, '<='],
    [9, 5, '>'],
    [5, 3, '<'],
    [0, 0, '<'],
  ])('%i jobs at two per node want %i nodes', (pendingNodes, wanted, order) => {
    const answer = evaluate({ type: 'queue', jobsPerNode: 2 }, queueOf({ pendingNodes }))
    expect(answer).toMatchObject({ wanted, reason: `pending jobs ${pendingNodes} ${order} 4 nodes * 2 jobs_per_node` })
  })

  test('a job of several nodes counts that often', () => {
    const demand = countDemand({
      jobs: [job({ request: { nodesMin: 4 } }), job({ id: 2 })],
      nodes: [],
      partition: 'gpu',
      poolPartitions: ['gpu'],
      coming: new Set(),
      maxNodes: 64,
      now: 0,
    })
    expect(evaluate(queue, queueOf(demand)).wanted).toBe(5)
  })

  test('without a queue it cannot tell, which is not zero', () => {
    expect(evaluate(queue)).toMatchObject({ wanted: undefined, reason: 'Slurm did not answer for 2m' })
  })
})

describe('reactive', () => {
  test.each([
    [95, 5, 'utilization 95.0% > 90% threshold'],
    [5, 3, 'utilization 5.0% < 10% threshold'],
    [50, 4, 'utilization 50.0%: no scaling needed'],
    [90, 4, 'utilization 90.0%: no scaling needed'],
  ])('at %i %% it wants %i of 4 nodes', (utilizationPercent, wanted, reason) => {
    expect(evaluate(reactive, { utilizationPercent })).toMatchObject({ wanted, reason })
  })

  test('a node on its way is waited for', () => {
    expect(evaluate(reactive, { utilizationPercent: 95, provisioning: 1 }).wanted).toBe(4)
  })

  test('without readings it cannot tell', () => {
    expect(evaluate(reactive).wanted).toBeUndefined()
  })
})

describe('composite', () => {
  const composite = (mode: 'max' | 'min' | 'avg'): AutoscalerSpec => ({
    type: 'composite',
    mode,
    autoscalers: [queue, reactive],
  })
  const both = { ...queueOf({ pendingNodes: 24 }), utilizationPercent: 95 }

  test.each([
    ['max', 24, 'max of 2 autoscalers: [24 5]: pending jobs 24 > 4 nodes * 1 jobs_per_node'],
    ['min', 5, 'min of 2 autoscalers: [24 5]: utilization 95.0% > 90% threshold'],
    ['avg', 14, 'avg of 2 autoscalers: [24 5]'],
  ] as const)('%s of 24 and 5 is %i', (mode, wanted, reason) => {
    expect(evaluate(composite(mode), both)).toMatchObject({ wanted, reason, parts: [{ wanted: 24 }, { wanted: 5 }] })
  })

  test('one that cannot tell is skipped', () => {
    expect(evaluate(composite('max'), queueOf({ pendingNodes: 24 }))).toMatchObject({
      wanted: 24,
      reason: 'max of 1 of 2 autoscalers: [24]: pending jobs 24 > 4 nodes * 1 jobs_per_node',
    })
  })

  test('on half the facts the pool is not made smaller', () => {
    expect(evaluate(composite('max'), queueOf({})).wanted).toBe(4)
    expect(evaluate(composite('max'), { ...queueOf({}), utilizationPercent: 5 }).wanted).toBe(3)
  })

  test('when none can tell, it cannot', () => {
    expect(evaluate(composite('max'))).toMatchObject({
      wanted: undefined,
      reason: 'Slurm did not answer for 2m; no recent GPU utilization',
    })
    expect(evaluate({ type: 'composite', mode: 'max', autoscalers: [] }).reason).toBe('no autoscalers configured')
  })
})

describe('slurm', () => {
  const pending = (requests: Parameters<typeof job>[0][], capacity: PoolCapacity) => {
    const demand = countDemand({
      jobs: requests.map((request, index) => job({ id: index + 1, ...request })),
      nodes: [],
      partition: 'gpu',
      poolPartitions: ['gpu'],
      coming: new Set(),
      shape,
      maxNodes: 64,
      now: 0,
    })
    return evaluate({ type: 'slurm' }, { queue: { demand, capacity } })
  }

  test('packs GPUs: 12 jobs of 2 GPUs take 3 nodes of 8', () => {
    const twelve = Array.from({ length: 12 }, () => ({ request: { gresPerNode: [{ name: 'gpu', count: 2 }] } }))
    expect(pending(twelve, { occupied: 0, free: [] })).toMatchObject({
      wanted: 3,
      reason: '0 nodes are in use; 12 pending jobs need 3 new nodes',
    })
  })

  test('uses what is free on nodes with jobs before it asks for new ones', () => {
    const capacity = { occupied: 1, free: [{ cpus: 50, memoryMb: 500_000, gpus: 4, empty: false }] }
    const jobs = [4, 4].map((count) => ({ request: { gresPerNode: [{ name: 'gpu', count }] } }))
    expect(pending(jobs, capacity).wanted).toBe(2)
  })

  test('empty nodes that nothing needs are not wanted', () => {
    const empty = { cpus: 96, memoryMb: 1_000_000, gpus: 8, empty: true }
    expect(pending([], { occupied: 1, free: [empty, empty] }).wanted).toBe(1)
    expect(pending([{}], { occupied: 1, free: [empty, empty] }).wanted).toBe(2)
  })
})

test('scheduled and predictive use their fallback, and say so', () => {
  expect(evaluate({ type: 'scheduled', fallback: queue }, queueOf({ pendingNodes: 8 }))).toMatchObject({
    wanted: 8,
    reason: 'scheduled is not active yet, using queue: pending jobs 8 > 4 nodes * 1 jobs_per_node',
  })
  expect(evaluate({ type: 'predictive' })).toMatchObject({ wanted: undefined, reason: 'no fallback autoscaler' })
})
