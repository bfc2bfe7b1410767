import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { create } from '@bufbuild/protobuf'
import {
  FindingSchema,
  GPUMetricsSchema,
  HeartbeatRequestSchema,
  RegisterNodeRequestSchema,
  ReportHealthRequestSchema,
} from '@navarch/api/control-plane'
import type { AlertsSpec } from '@navarch/core/alert/alerts-spec'
import { defaultRules } from '@navarch/core/alert/default-rules'
import type { Operation } from '@navarch/core/operation/operation'
import { silentLog } from '@navarch/system/log'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newOperation } from '../../src/operations/new-operation.ts'
import { checkHeartbeats } from '../../src/reconcile/heartbeats.ts'
import { createWorld, type RunningPlane, type World } from '../world.ts'
import { type AlertPlane, type Surroundings, startAlertPlane, surroundings } from './alert-plane.ts'
import { createSlurmView, pendingJob, type SlurmView, slurmNode } from './slurm-view.ts'

const minute = 60_000
const day = 24 * 60 * minute

let dir: string
let world: World
let plane: RunningPlane
let around: Surroundings
let slurm: SlurmView
let running: AlertPlane | undefined
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'navarch-alerts-'))
  world = createWorld(join(dir, 'db'))
  plane = await world.start()
  around = surroundings()
  slurm = createSlurmView(world.clock)
})
afterEach(() => {
  running?.stop()
  plane.kill()
  rmSync(dir, { recursive: true })
})

let reports = 0
const register = (nodeId: string) =>
  plane.agents.register(
    create(RegisterNodeRequestSchema, { nodeId, pool: 'train', bootId: `boot-${nodeId}` }),
    '10.0.0.9',
  )
const report = (nodeId: string, codes: readonly string[] = [], full = true) =>
  plane.agents.report(
    create(ReportHealthRequestSchema, {
      nodeId,
      full,
      reportId: `r${++reports}`,
      findings: codes.map((code) =>
        create(FindingSchema, {
          id: `${nodeId}-${code}`,
          source: code.startsWith('xid') ? 'kernel-log' : 'nvidia-smi',
          code,
          ...(code.startsWith('xid-') && { xid: Number(code.slice(4)) }),
          gpuIndex: 3,
          message: code,
        }),
      ),
    }),
  )
const beat = (nodeId: string, temperature = 40) =>
  plane.agents.heartbeat(
    create(HeartbeatRequestSchema, {
      nodeId,
      metrics: { gpuMetrics: [create(GPUMetricsSchema, { gpuIndex: 3, temperature })] },
    }),
  )

/** Lets time pass as in a control plane: looks, heartbeats, silence. */
async function pass(ms: number, during: () => void | Promise<void> = () => {}): Promise<void> {
  for (let left = ms; left > 0; left -= 15_000) {
    slurm.look()
    await during()
    await checkHeartbeats(plane.fleet, silentLog, { timeoutMs: 90_000, listeningSince: 0 }, world.clock.now())
    await world.clock.advance(Math.min(15_000, left))
  }
}

const operation = (id: string, change: Partial<Operation>): Operation => ({
  ...newOperation(id, world.clock.now(), {
    ...{ kind: 'drain', pool: 'train', node: 'gpu-9', reason: 'test', initiator: 'health' },
  }),
  // Nobody takes it up.
  notBefore: Number.MAX_SAFE_INTEGER,
  ...change,
})
const since = (ms: number): Partial<Operation> => ({
  step: 'drain',
  steps: [{ name: 'drain', state: 'running', startedAt: world.clock.now() - ms, attempts: 1, message: '' }],
})
const put = (...operations: Operation[]) =>
  plane.fleet.commit(operations.map((each) => ({ kind: 'operation', operation: each })))
const node = async (change: object) => {
  await register('gpu-9')
  await report('gpu-9')
  const known = plane.fleet.nodes.get('gpu-9')
  if (known) await plane.fleet.commit([{ kind: 'node', node: { ...known, ...change } }])
}
const nodes = (...states: string[]) => {
  slurm.nodes = states.map((state, index) => slurmNode(`n${index}`, state))
}

/** A control plane that has looked at Slurm 100 times an hour for a month. */
async function withLooks(answered: number): Promise<void> {
  const hour = Math.floor(world.clock.now() / 3_600_000)
  const looks = Array.from({ length: 719 }, (_, index) => ({ hour: hour - 719 + index, looks: 100, answered }))
  running?.stop()
  await plane.store.alerts.commit([{ kind: 'alert-memory', memory: { judgedAt: world.clock.now(), looks } }])
  running = await startAlertPlane(world, plane, around)
}

interface Case {
  rule: string
  /** Without Slurm it is not there at all. */
  slurm?: boolean
  spec?: Partial<AlertsSpec>
  bad: () => unknown
  /** Called with every look while the bad time lasts. */
  during?: () => void | Promise<void>
  badMs: number
  good: () => unknown
  duringGood?: () => void | Promise<void>
  goodMs?: number
}

const cases: readonly Case[] = [
  {
    rule: 'GpuHot',
    bad: () => register('gpu-9'),
    during: () => beat('gpu-9', 84),
    badMs: 6 * minute,
    good: () => {},
    duringGood: () => beat('gpu-9', 83),
  },
  {
    rule: 'GpuFellOffBus',
    bad: async () => {
      await register('gpu-9')
      await report('gpu-9', ['xid-79'], false)
    },
    badMs: minute,
    good: () =>
      plane.agents.register(create(RegisterNodeRequestSchema, { nodeId: 'gpu-9', bootId: 'another boot' }), '10.0.0.9'),
  },
  {
    rule: 'GpuEccUncorrected',
    bad: async () => {
      await register('gpu-9')
      await report('gpu-9', ['ecc-uncorrected'])
    },
    badMs: minute,
    good: () => report('gpu-9'),
  },
  {
    rule: 'NodeUnhealthy',
    bad: () => node({ health: 'unhealthy', healthReason: 'row remapping failed' }),
    badMs: 2 * minute,
    good: () => node({ health: 'healthy', healthReason: '' }),
  },
  {
    rule: 'NodeUnattended',
    bad: () => node({ health: 'unhealthy', healthReason: 'row remapping failed' }),
    badMs: 11 * minute,
    good: () => node({ hold: { action: 'drain', reason: 'mine', since: 0 } }),
  },
  {
    rule: 'NodeSilent',
    bad: () => register('gpu-9'),
    badMs: 6 * minute,
    good: () => beat('gpu-9'),
    duringGood: () => beat('gpu-9'),
  },
  {
    rule: 'NodeDownInSlurm',
    slurm: true,
    bad: () => nodes('IDLE', 'DOWN'),
    badMs: 6 * minute,
    good: () => nodes('IDLE', 'IDLE'),
  },
  {
    rule: 'NodeOutOfServiceLong',
    slurm: true,
    bad: () => {
      slurm.nodes = [slurmNode('n0', 'IDLE+DRAIN', { reason: 'bad fan [ana@2025-12-30T00:00:00]' })]
    },
    badMs: minute,
    good: () => nodes('IDLE'),
  },
  {
    rule: 'SlurmControllerDown',
    slurm: true,
    bad: () => {
      slurm.away = true
    },
    badMs: 6 * minute,
    good: () => {
      slurm.away = false
    },
  },
  {
    rule: 'SlurmDataStale',
    slurm: true,
    bad: () => {
      slurm.away = true
    },
    badMs: 6 * minute,
    good: () => {
      slurm.away = false
    },
  },
  {
    rule: 'SlurmNoNodeInService',
    slurm: true,
    bad: () => nodes('DOWN', 'IDLE+DRAIN'),
    badMs: 11 * minute,
    good: () => nodes('DOWN', 'ALLOCATED'),
  },
  {
    rule: 'SlurmNodesUnavailable',
    slurm: true,
    bad: () => {
      nodes('ALLOCATED', 'DOWN')
      slurm.jobs = [pendingJob('Resources', world.clock.now())]
    },
    badMs: 11 * minute,
    good: () => nodes('MIXED', 'DOWN'),
  },
  {
    rule: 'NodeAvailabilityLow',
    slurm: true,
    bad: () => nodes('IDLE', 'IDLE', 'IDLE', 'DOWN'),
    badMs: 11 * minute,
    good: () => nodes('IDLE', 'IDLE', 'IDLE', 'IDLE'),
  },
  {
    rule: 'CapacityLow',
    slurm: true,
    bad: () => {
      slurm.nodes = [slurmNode('n0', 'ALLOCATED', { gpusUsed: 8 })]
    },
    badMs: 31 * minute,
    good: () => {
      slurm.nodes = [slurmNode('n0', 'MIXED', { gpusUsed: 7 })]
    },
  },
  {
    rule: 'JobWaitTimeLong',
    slurm: true,
    bad: () => {
      slurm.jobs = [pendingJob('Priority', world.clock.now() - 61 * minute)]
    },
    badMs: 6 * minute,
    good: () => {
      slurm.jobs = []
    },
  },
  {
    rule: 'QueueStuck',
    slurm: true,
    bad: () => {
      slurm.jobs = [pendingJob('DependencyNeverSatisfied', world.clock.now())]
    },
    badMs: 31 * minute,
    good: () => {
      slurm.jobs = [pendingJob('Dependency', world.clock.now())]
    },
  },
  ...(
    [
      ['SlurmControllerBusy', { serverThreads: 201 }, 6],
      ['SlurmAgentQueueLong', { agentQueueSize: 1001 }, 11],
      ['SlurmDatabaseBacklog', { dbdAgentQueueSize: 1001 }, 11],
      ['SlurmSchedulerSlow', { meanCycleMicroseconds: 10_001_000 }, 11],
    ] as const
  ).map(
    ([rule, diag, minutes]): Case => ({
      rule,
      slurm: true,
      bad: () => {
        slurm.diag = diag
      },
      badMs: minutes * minute,
      good: () => {
        slurm.diag = {}
      },
    }),
  ),
  {
    rule: 'SlurmRecordsUnreadable',
    slurm: true,
    bad: () => {
      slurm.problems = [{ kind: 'job', message: 'a job without an id' }]
    },
    badMs: 6 * minute,
    good: () => {
      slurm.problems = []
    },
  },
  {
    rule: 'PoolBelowWanted',
    bad: () => {},
    badMs: 31 * minute,
    good: async () => {
      await register('gpu-9')
      await report('gpu-9')
    },
    duringGood: () => beat('gpu-9'),
  },
  {
    rule: 'PoolCondition',
    slurm: true,
    bad: () => {
      slurm.partitions = []
    },
    badMs: 11 * minute,
    good: () => {
      slurm.partitions = [...createSlurmView(world.clock).partitions]
    },
  },
  {
    rule: 'OperationFailed',
    bad: async () => {
      await node({})
      await put(operation('op1', { state: 'failed' }))
    },
    badMs: minute,
    good: () => put(operation('op2', { state: 'succeeded', createdAt: world.clock.now() + 1 })),
  },
  {
    rule: 'OperationStuck',
    bad: () => put(operation('op1', since(61 * minute))),
    badMs: minute,
    good: () => put(operation('op1', { state: 'succeeded' })),
  },
  {
    rule: 'OperationWaitsForJobs',
    bad: () =>
      put(
        operation('op1', {
          step: 'wait',
          steps: [
            { name: 'wait', state: 'running', startedAt: world.clock.now() - 2 * day - 1, attempts: 1, message: '' },
          ],
        }),
      ),
    badMs: minute,
    good: () => put(operation('op1', { state: 'succeeded' })),
  },
  {
    rule: 'OperationWaitsForApproval',
    bad: () => put(operation('op1', { state: 'waiting_for_approval' })),
    badMs: 16 * minute,
    good: () => put(operation('op1', { state: 'cancelled' })),
  },
  {
    rule: 'GpusHeldIdle',
    bad: () => {
      around.waste = [
        {
          ...{ job_id: '812', run_id: '812', user: 'ana', partition: 'gpu', gpus_held: 8, gpus_idle: 8 },
          ...{ idle_since: '', idle_gpu_hours: 1, nodes: ['n0'], reason: '0 % for 42 min' },
        },
      ]
    },
    badMs: 32 * minute,
    good: () => {
      around.waste = []
    },
    goodMs: 10 * minute,
  },
  {
    rule: 'DatabaseConnectionsHigh',
    spec: { databases: [{ name: 'slurmdbd', command: 'ask' }] },
    bad: () => {
      around.run = async () => ({ code: 0, signal: null, stdout: '130 151\n', stderr: '' })
    },
    badMs: 7 * minute,
    good: () => {
      around.run = async () => ({ code: 0, signal: null, stdout: '12 151\n', stderr: '' })
    },
    goodMs: 10 * minute,
  },
  ...(
    [
      ['VolumeUsageHigh', 81],
      ['VolumeAlmostFull', 96],
    ] as const
  ).map(
    ([rule, percent]): Case => ({
      rule,
      bad: () => {
        around.volumeUse = percent
      },
      badMs: 6 * minute,
      good: () => {
        around.volumeUse = 80
      },
    }),
  ),
  {
    rule: 'SlurmControllerUptimeLow',
    slurm: true,
    // A month of looks, of which one in a hundred was not answered, and one in which all were.
    bad: () => withLooks(99),
    badMs: minute,
    good: () => withLooks(100),
  },
  {
    rule: 'AlertReceiverFailing',
    spec: {
      receivers: [{ type: 'slack', name: 'chat', timeoutMs: 1000, url: { kind: 'text', text: 'https://chat/x' } }],
      routes: [
        {
          ...{
            name: 'r',
            matchers: [],
            receivers: ['chat'],
            groupBy: ['rule'],
            groupWaitMs: 0,
            groupIntervalMs: minute,
          },
          ...{ repeatIntervalMs: minute, sendResolved: true, escalation: [], continue: false },
        },
      ],
    },
    bad: () => put(operation('op1', since(61 * minute))),
    badMs: 15 * minute,
    good: () => {
      around.fetch = async () => new Response('ok')
    },
    goodMs: 30 * minute,
  },
  {
    rule: 'NavarchCondition',
    bad: () => {
      around.conditions.push('port 8080 is taken')
    },
    badMs: 11 * minute,
    good: () => {
      around.conditions.length = 0
    },
  },
]

describe('each built-in rule', () => {
  it('has a test here', () => {
    expect(cases.map(({ rule }) => rule).sort()).toEqual(defaultRules.map((rule) => rule.name).sort())
  })

  it.each(cases)('$rule fires and is over', async (each) => {
    if (each.slurm) around.slurm = slurm.link
    nodes('IDLE')
    slurm.look()
    running = await startAlertPlane(world, plane, around, each.spec)
    await pass(30_000)
    expect(running.firing()).not.toContain(each.rule)
    await each.bad()
    await pass(each.badMs, each.during)
    expect(running.firing()).toContain(each.rule)
    await each.good()
    await pass(each.goodMs ?? 7 * minute, each.duringGood)
    expect(running.firing()).not.toContain(each.rule)
    const told = (await running.service.history({ limit: 1000, rule: each.rule })).map(({ event }) => event)
    expect(told).toContain('fired')
    expect(told).toContain('resolved')
  })
})
