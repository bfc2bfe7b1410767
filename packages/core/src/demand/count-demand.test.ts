import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { job, slurmNode } from '../../test/builders.ts'
import { shapeOf } from '../pool/node-shape.ts'
import { countDemand, type DemandInput, nearMs } from './count-demand.ts'

const gpu = (count: number, type?: string) => [{ name: 'gpu', count, ...(type !== undefined && { type }) }]
const count = (over: Partial<DemandInput>) =>
  countDemand({
    jobs: [],
    nodes: [],
    partition: 'gpu',
    poolPartitions: ['gpu'],
    coming: new Set(),
    shape: shapeOf(slurmNode('n')),
    maxNodes: 64,
    now: 0,
    ...over,
  })
/** Copies that count of one pending job. */
const copies = (one: Parameters<typeof job>[0], over: Partial<DemandInput> = {}) =>
  count({ jobs: [job(one)], ...over }).jobs[0]?.copies

describe('reasons', () => {
  test.each(['Resources', 'Priority', 'None'])('a job that waits with %s counts', (reason) => {
    expect(copies({ reason })).toBe(1)
  })

  test.each([
    'Dependency',
    'DependencyNeverSatisfied',
    'JobHeldUser',
    'JobHeldAdmin',
    'JobHoldMaxRequeue',
    'AssocGrpGRES',
    'AssocMaxJobsLimit',
    'QOSMaxGRESPerUser',
    'QOSMaxWallDurationPerJobLimit',
    'MaxJobsPerAccount',
    'Licenses',
    'Reservation',
    'PartitionDown',
    'PartitionTimeLimit',
    'PartitionNodeLimit',
    'BadConstraints',
    'JobArrayTaskLimit',
    'Cleaning',
    'Prolog',
    'BurstBufferStageIn',
    'DeadLine',
    'SchedDefer',
    'MaxPoweredUpNodes',
    'launch failed requeued held',
  ])('a job that waits with %s does not count', (reason) => {
    const demand = count({ jobs: [job({ reason })], coming: new Set(['n1']) })
    expect(demand).toMatchObject({ pendingNodes: 0, work: [], unknownReasons: {} })
  })

  test('a reason that nobody knows does not count and is told', () => {
    const jobs = [job({ reason: 'BrandNewReason' }), job({ id: 2, reason: 'BrandNewReason' })]
    expect(count({ jobs })).toMatchObject({ pendingNodes: 0, unknownReasons: { BrandNewReason: 2 } })
  })

  test('BeginTime counts when it is near, as after a requeue', () => {
    expect(copies({ reason: 'BeginTime', eligibleTime: nearMs })).toBe(1)
    expect(copies({ reason: 'BeginTime', eligibleTime: nearMs + 1 })).toBe(0)
    expect(copies({ reason: 'BeginTime' })).toBe(0)
  })

  test.each([
    ['ReqNodeNotAvail, UnavailableNodes:n[1-2]', ['n2'], 1],
    ['ReqNodeNotAvail, UnavailableNodes:n[1-2]', ['n3'], 1],
    ['ReqNodeNotAvail, UnavailableNodes:n[1-2]', [], 0],
    ['ReqNodeNotAvail, May be reserved for other job', ['n1'], 0],
    ['ReqNodeNotAvail', ['n1'], 1],
    ['ReqNodeNotAvail', [], 0],
    ['Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority partitions', ['n1'], 1],
    ['Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority partitions', [], 0],
  ])('%s, when %j can come, counts %i', (reason, coming, expected) => {
    expect(copies({ reason }, { coming: new Set(coming) })).toBe(expected)
  })

  test('where dynamic nodes can be made, a job that insists on no node counts', () => {
    const reason = 'ReqNodeNotAvail, UnavailableNodes:n2'
    expect(copies({ reason }, { dynamicNames: true })).toBe(1)
    expect(copies({ reason, request: { requiredNodes: 'n2' } }, { dynamicNames: true })).toBe(0)
  })

  test('a job that insists on nodes counts when each of them is up or can come, and asks for those', () => {
    const one = { reason: 'ReqNodeNotAvail, UnavailableNodes:n2', request: { nodesMin: 2, requiredNodes: 'n[1-2]' } }
    const nodes = [slurmNode('n1'), slurmNode('n2', 'FUTURE')]
    expect(count({ jobs: [job(one)], nodes, coming: new Set(['n2']) })).toMatchObject({
      pendingNodes: 2,
      names: ['n2'],
    })
    expect(count({ jobs: [job(one)], nodes })).toMatchObject({ pendingNodes: 0, names: [] })
  })
})

describe('nodes of a job', () => {
  test.each([
    ['what it asks for', { nodesMin: 4 }, 4],
    ['its GPUs', { gresPerJob: gpu(20) }, 3],
    ['its GPUs per task', { gresPerTask: gpu(2), tasks: 9 }, 3],
    ['its CPUs', { cpus: 97 }, 2],
    ['its memory', { cpus: 64, memoryPerCpuMb: 30_000 }, 2],
  ])('are at least %s', (_, request, nodes) => {
    expect(count({ jobs: [job({ request })] }).pendingNodes).toBe(nodes)
  })

  test.each([
    ['9 GPUs per node', { gresPerNode: gpu(9) }, 'asks for 9 GPUs per node; a node of this pool has 8'],
    ['another GPU type', { gresPerNode: gpu(1, 'a100') }, 'asks for a100 GPUs; a node of this pool has h100 GPUs'],
    [
      'too much memory',
      { memoryPerNodeMb: 2_000_000 },
      'asks for 2000000 MiB per node; a node of this pool has 1000000 MiB',
    ],
    [
      'one node for 16 GPUs',
      { nodesMax: 1, gresPerJob: gpu(16) },
      "asks for at most 1 node; its resources take 2 of this pool's",
    ],
    [
      'a feature',
      { features: 'ib&hopper' },
      'asks for the constraint "ib&hopper"; a node of this pool has no features',
    ],
    ['more nodes than the pool', { nodesMin: 65 }, 'needs 65 nodes; the pool may have 64'],
  ])('a job that asks for %s is not counted, and the reason says so', (_, request, why) => {
    expect(count({ jobs: [job({ request })] }).jobs).toMatchObject([{ copies: 0, why }])
  })

  test('a job counts by its own numbers while the shape is not known', () => {
    const demand = countDemand({
      jobs: [job({ request: { nodesMin: 2, gresPerNode: gpu(99) } })],
      nodes: [],
      partition: 'gpu',
      poolPartitions: ['gpu'],
      coming: new Set(),
      maxNodes: 4,
      now: 0,
    })
    expect(demand.pendingNodes).toBe(2)
  })
})

describe('arrays', () => {
  test('each pending task counts', () => {
    expect(copies({ array: { jobId: 1, tasks: '3-20', count: 18 } })).toBe(18)
  })

  test('no more tasks count than the array allows beside those that run', () => {
    const jobs = [
      job({ id: 9, array: { jobId: 9, tasks: '3-20', count: 18, limit: 4 } }),
      job({ id: 10, state: 'RUNNING', nodes: 'n1', array: { jobId: 9, tasks: '1', count: 1 } }),
      job({ id: 11, state: 'RUNNING', nodes: 'n2', array: { jobId: 9, tasks: '2', count: 1 } }),
    ]
    const demand = count({ jobs })
    expect(demand).toMatchObject({ pendingNodes: 2, runningNodes: 2 })
    expect(demand.jobs.find((one) => one.kind === 'pending')).toMatchObject({
      label: '9_[3-20%4]',
      why: 'waits for nodes (Resources); 2 of 18 tasks may run at once',
    })
  })
})

test('a heterogeneous job counts when all of its components can start', () => {
  const parts = (second: string) => [
    job({ id: 5, het: { jobId: 5, offset: 0 } }),
    job({ id: 6, het: { jobId: 5, offset: 1 }, reason: second, partitions: ['cpu'] }),
  ]
  expect(count({ jobs: parts('Resources') }).pendingNodes).toBe(1)
  const held = count({ jobs: parts('JobHeldUser') })
  expect(held.pendingNodes).toBe(0)
  expect(held.jobs[0]?.why).toBe(
    'starts together with 5+1, which waits for something that nodes do not give (JobHeldUser)',
  )
})

test('a job of several partitions counts in the first that a pool serves', () => {
  const jobs = [job({ partitions: ['cpu', 'dev', 'gpu'] })]
  const poolPartitions = ['gpu', 'dev']
  expect(count({ jobs, poolPartitions, partition: 'dev' }).pendingNodes).toBe(1)
  expect(count({ jobs, poolPartitions, partition: 'gpu' }).jobs).toEqual([])
})

test('started jobs count with the nodes they hold; completing ones no more', () => {
  const jobs = [
    job({ state: 'RUNNING', nodes: 'n[1-3]' }),
    job({ id: 2, state: 'SUSPENDED', nodes: 'n4' }),
    job({ id: 3, state: 'COMPLETING', nodes: 'n5' }),
  ]
  expect(count({ jobs })).toMatchObject({ pendingNodes: 0, runningNodes: 4 })
})

test('jobs that Slurm gave to CLOUD names without a host ask for exactly those names', () => {
  const nodes = [
    slurmNode('c1', 'ALLOCATED+CLOUD+POWERED_DOWN'),
    slurmNode('c2', 'ALLOCATED+CLOUD+POWERING_UP'),
    slurmNode('c3', 'ALLOCATED+CLOUD'),
    slurmNode('c4', 'IDLE+CLOUD+POWERED_DOWN'),
  ]
  const jobs = [job({ state: 'CONFIGURING', nodes: 'c[1-3]' })]
  expect(count({ jobs, nodes })).toMatchObject({ runningNodes: 3, pendingNodes: 0, names: ['c1', 'c2'] })
})

test('so do jobs on names that slurmctld does not show, as 22.05 does with CLOUD names', () => {
  const jobs = [job({ state: 'CONFIGURING', nodes: 'c[1-2]' })]
  expect(count({ jobs, nodes: [slurmNode('n1')] }).names).toEqual(['c1', 'c2'])
})

test('work comes in the order in which Slurm would start it', () => {
  const jobs = [job({ id: 1, priority: 1 }), job({ id: 3, priority: 9 }), job({ id: 2, priority: 9 })]
  expect(count({ jobs }).work.map((item) => item.jobId)).toEqual([2, 3, 1])
})

test('a hostlist that cannot be read asks for nothing and breaks nothing', () => {
  expect(count({ jobs: [job({ state: 'RUNNING', nodes: 'n[1-' })] }).runningNodes).toBe(1)
})

test('property: every job of the partition is told about once, and the sum is what counts', () => {
  const anyJob = fc.record({
    reason: fc.constantFrom('Resources', 'Priority', 'Dependency', 'Odd', 'BeginTime', 'ReqNodeNotAvail'),
    state: fc.constantFrom('PENDING', 'RUNNING', 'CONFIGURING', 'COMPLETING'),
    nodesMin: fc.integer({ min: 1, max: 80 }),
    gpus: fc.integer({ min: 0, max: 20 }),
    tasks: fc.integer({ min: 1, max: 50 }),
    limit: fc.option(fc.integer({ min: 1, max: 5 })),
  })
  fc.assert(
    fc.property(fc.array(anyJob, { maxLength: 20 }), (specs) => {
      const jobs = specs.map(({ reason, state, nodesMin, gpus, tasks, limit }, index) =>
        job({
          id: index + 1,
          reason,
          state: state as 'PENDING',
          request: { nodesMin, gresPerNode: gpu(gpus) },
          array: { jobId: 100, tasks: '0', count: tasks, ...(limit !== null && { limit }) },
        }),
      )
      const demand = count({ jobs })
      expect(new Set(demand.jobs.map((one) => one.jobId)).size).toBe(demand.jobs.length)
      expect(demand.jobs).toHaveLength(jobs.filter((one) => one.state !== 'COMPLETING').length)
      const pending = demand.jobs.filter((one) => one.kind === 'pending')
      expect(demand.pendingNodes).toBe(pending.reduce((sum, one) => sum + one.nodes * one.copies, 0))
      for (const item of demand.work) expect(item.needs.nodes).toBeLessThanOrEqual(64)
      expect(count({ jobs })).toEqual(demand)
    }),
  )
})
