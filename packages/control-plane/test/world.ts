import { create } from '@bufbuild/protobuf'
import { RegisterNodeRequestSchema, ReportHealthRequestSchema } from '@navarch/api/control-plane'
import type { HealthSpec, PoolSpec } from '@navarch/core/pool/pool-spec'
import { createFakeProvider, type FakeProvider } from '@navarch/providers/fake/fake-provider'
import { silentLog } from '@navarch/system/log'
import { createManualClock, type ManualClock } from '@navarch/system/manual-clock'
import { type Fleet, loadFleet } from '../src/fleet/fleet.ts'
import type { OperationDeps } from '../src/operations/deps.ts'
import { createEngine, type Engine } from '../src/operations/engine.ts'
import { createProviderGate } from '../src/operations/provider-gate.ts'
import { takeBack } from '../src/operations/steps/remove.ts'
import { stepOf } from '../src/operations/steps/steps.ts'
import { nodeAfter } from '../src/reconcile/end-of-operation.ts'
import { repair } from '../src/reconcile/repair.ts'
import { createAgentService } from '../src/services/agent-service.ts'
import type { AgentService } from '../src/services/services.ts'
import type { Statement } from '../src/store/sql/fleet-statements.ts'
import { storeOver } from '../src/store/sql/fleet-store.ts'
import { openDatabase } from '../src/store/sqlite/database.ts'
import type { Store } from '../src/store/store.ts'
import { createCounters } from '../src/telemetry/counters.ts'
import { createSlurmDouble, type SlurmDouble } from './slurm-double.ts'

const openAuth = { tokens: [], protectJobs: false, sessionIdleMs: 1000, sessionLifetimeMs: 1000, allowHttp: false }

export function poolSpec(health: Partial<HealthSpec> = {}): PoolSpec {
  return {
    name: 'train',
    provider: 'fake',
    instanceType: 'h100',
    region: '',
    zones: [],
    sshKeys: [],
    minNodes: 1,
    maxNodes: 4,
    cooldownMs: 0,
    mode: 'act',
    rejectCooldownMs: 3_600_000,
    health: { unhealthyThreshold: 2, autoReplace: true, ...health },
    labels: {},
    ssh: { user: 'root', port: 22 },
    bootstrap: { kind: 'none' },
    inactive: [],
  }
}

/** What outlives a control plane: its disk, the machines, time. */
export interface World {
  clock: ManualClock
  provider: FakeProvider
  slurm: SlurmDouble
  /** Starts a control plane on the world's disk; the one before must have stopped or crashed. */
  start(options?: { crashAfterCommits?: number; withSlurm?: boolean }): Promise<RunningPlane>
}

export interface RunningPlane {
  store: Store
  fleet: Fleet
  engine: Engine
  agents: AgentService
  crashed(): boolean
  /** Ends it as SIGKILL does: nothing more is written, nothing more happens. */
  kill(): void
}

/**
 * A world of fake machines whose agents register and report good health as soon as they can, over a real database file.
 */
export function createWorld(databasePath: string, pool: PoolSpec = poolSpec()): World {
  const clock = createManualClock()
  const slurm = createSlurmDouble(clock)
  let current: AgentService | undefined
  const machines = new Map<string, { node: string; bootId: string }>()
  const provider = createFakeProvider({
    name: 'fake',
    clock,
    bootDelayMs: 3_000,
    onLaunch: (machine, request) => machines.set(machine.id, { node: request.node, bootId: `boot-${machine.id}` }),
    onTerminate: (id) => machines.delete(id),
  })
  const beat = () => {
    for (const { node, bootId } of machines.values()) void speak(current, node, bootId)
    clock.after(1_000, beat)
  }
  clock.after(1_000, beat)
  let ids = 0

  return {
    clock,
    provider,
    slurm,
    async start({ crashAfterCommits = Number.POSITIVE_INFINITY, withSlurm = false } = {}) {
      const stopping = new AbortController()
      const database = openDatabase(databasePath)
      let left = crashAfterCommits
      let dead = false
      const kill = () => {
        if (dead) return
        dead = true
        stopping.abort(new Error('killed'))
        database.close()
      }
      // A killed process neither writes nor goes on: its promises never settle.
      const alive = <T>(value: () => T): Promise<T> => (dead ? new Promise<T>(() => {}) : Promise.resolve(value()))
      const store: Store = storeOver(databasePath, {
        commit: async (statements: Statement[]) => {
          if (left-- === 0) kill()
          const [error] = await alive(() => database.commit([statements]))
          if (error !== undefined) throw new Error(error)
        },
        query: (statement) => alive(() => database.query(statement)),
        close: async () => kill(),
      })
      const fleet = await loadFleet(store, clock.now, () => {})
      const newId = () => `id${ids++}`
      const deps: OperationDeps = {
        fleet,
        slurm: withSlurm ? slurm.link : undefined,
        provider: (name) => (name === 'fake' ? guard(provider, () => dead) : undefined),
        pool: (name) => (name === pool.name ? pool : undefined),
        gate: createProviderGate(() => 0.5),
        bootstrapper: {
          run: () => Promise.reject(new Error('fake machines need none')),
          retire: () => Promise.reject(new Error('fake machines go by themselves')),
        },
        clock,
        log: silentLog,
        newToken: newId,
      }
      const engine = createEngine({
        fleet,
        clock,
        random: () => 0.5,
        log: silentLog,
        stepOf: (operation) => stepOf(deps, operation),
        rollback: (context) => takeBack(deps, context),
        onEnd: (operation) => nodeAfter(fleet, operation, clock.now()),
        rejectCooldownMs: () => pool.rejectCooldownMs,
        newId,
        signal: stopping.signal,
      })
      const repairs = { fleet, engine, log: silentLog, clock, mode: () => pool.mode, shown: new Map<string, string>() }
      const agents = createAgentService({
        fleet,
        config: {
          server: {
            address: { host: '', port: 0 },
            heartbeatIntervalMs: 30_000,
            heartbeatTimeoutMs: 90_000,
            healthCheckIntervalMs: 60_000,
            autoscaleIntervalMs: 30_000,
            auth: openAuth,
          },
          pools: [pool],
        },
        clock,
        log: silentLog,
        counters: createCounters(),
        newId,
        poolOf: () => undefined,
        onUnhealthy: (node, decision) => repair(repairs, node, decision),
        onNews: (node) => engine.wake(node),
      })
      current = agents
      engine.wake()
      return { store, fleet, engine, agents, kill, crashed: () => dead }
    },
  }
}

async function speak(agents: AgentService | undefined, node: string, bootId: string): Promise<void> {
  await agents?.register(create(RegisterNodeRequestSchema, { nodeId: node, bootId }), '10.0.0.1').catch(() => {})
  const report = create(ReportHealthRequestSchema, { nodeId: node, full: true, reportId: `${bootId}-ok` })
  await agents?.report(report).catch(() => {})
}

/** A provider whose caller may die: what it was told by then has happened, the answer is lost. */
function guard(provider: FakeProvider, dead: () => boolean): FakeProvider {
  const lost = <T>(call: Promise<T>): Promise<T> => call.then((value) => (dead() ? new Promise<T>(() => {}) : value))
  return {
    ...provider,
    launch: (request, signal) => lost(provider.launch(request, signal)),
    get: (id, signal) => lost(provider.get(id, signal)),
    list: (signal) => lost(provider.list(signal)),
    terminate: (id, signal) => lost(provider.terminate(id, signal)),
  }
}
