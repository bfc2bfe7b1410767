import type { NavarchConfig } from '@navarch/config/navarch-config'
import type { SlurmNaming } from '@navarch/core/operation/operation'
import type { PoolCondition } from '@navarch/core/pool/pool'
import type { PoolSpec } from '@navarch/core/pool/pool-spec'
import type { Provider } from '@navarch/providers/provider'
import type { SlurmConfig } from '@navarch/slurm/config-record'
import { isCloud, isFuture } from '@navarch/slurm/node-state'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'
import type { Fleet } from '../fleet/fleet.ts'
import type { Engine } from '../operations/engine.ts'
import type { ProviderGate } from '../operations/provider-gate.ts'
import type { SlurmLink } from '../slurm/slurm-link.ts'
import { type ConditionNow, poolConditions } from './pool-conditions.ts'
import { type PoolMetrics, type PoolView, type PoolViewInput, viewPool } from './pool-view.ts'
import { withdrawStale } from './propose-sizes.ts'
import { actOnSize } from './size-pools.ts'

export interface PoolsDeps {
  fleet: Fleet
  engine: Pick<Engine, 'start' | 'withdraw'>
  config: Pick<NavarchConfig, 'pools'>
  slurm: SlurmLink | undefined
  provider: (name: string) => Provider | undefined
  gate: ProviderGate
  clock: Clock
  log: Log
  /** What a pool's own metrics source says; undefined when it has none. Rejects when it gave no usable answer. */
  metrics: (pool: PoolSpec) => Promise<PoolMetrics | undefined>
}

/** Keeps each pool at its size, and knows why. */
export interface Pools {
  /** One round: looks at every pool and acts. Rounds never overlap: asked during one, it makes another after it. */
  reconcile(): Promise<void>
  view(pool: PoolSpec): PoolView
  /** Rises when what is known of pools from elsewhere was read again: their metrics sources, Slurm's configuration. */
  readings(): number
  conditions(view: PoolView): PoolCondition[]
  /** How the next new host of the pool would be named; undefined while Slurm has not been seen. */
  naming(view: PoolView): SlurmNaming | undefined
}

/** Makes the pools' reconciler. */
export function createPools(deps: PoolsDeps): Pools {
  const { fleet, config, slurm, clock, log } = deps
  /** The conditions of each pool as they were last. */
  const remembered = new Map<string, readonly PoolCondition[]>()
  const unnamed = new Map<string, string>()
  const metrics = new Map<string, PoolMetrics>()
  const metricsProblems = new Map<string, string>()
  let slurmConfig: SlurmConfig | undefined
  let readings = 0
  let running = false
  let again = false

  const inputOf = (pool: PoolSpec): PoolViewInput => {
    const told = metrics.get(pool.name)
    return {
      fleet,
      pool,
      pools: config.pools,
      slurm: slurm && { view: slurm.view(), config: slurmConfig },
      ...(told && { metrics: told }),
      hostNames: deps.provider(pool.provider)?.hostNames ?? [],
      now: clock.now(),
    }
  }

  async function readMetrics(pool: PoolSpec): Promise<void> {
    // What was told before counts until the answer is there: others look at the pool meanwhile.
    try {
      const told = await deps.metrics(pool)
      metricsProblems.delete(pool.name)
      if (told) metrics.set(pool.name, told)
      else metrics.delete(pool.name)
    } catch (error) {
      metrics.delete(pool.name)
      const problem = error instanceof Error ? error.message : String(error)
      log.warn('metrics source failed', { pool: pool.name, error: problem })
      metricsProblems.set(pool.name, problem)
    }
  }

  async function reconcilePool(pool: PoolSpec): Promise<void> {
    await withdrawStale(deps, pool)
    const input = inputOf(pool)
    const view = viewPool(input)
    const missing = await actOnSize(deps, view, input)
    if (missing === undefined) unnamed.delete(pool.name)
    else if (unnamed.get(pool.name) !== missing) {
      unnamed.set(pool.name, missing)
      log.warn('no name for a new node', { pool: pool.name, reason: missing })
    }
    // Looked at in each round, asked or not: a condition's age is that of the fact.
    conditionsOf(viewPool(inputOf(pool)))
  }

  async function round(): Promise<void> {
    // Read again now and then: an administrator may have set MaxNodeCount. What was read stays when Slurm is away.
    slurmConfig = (await slurm?.config().catch(() => slurmConfig)) ?? slurmConfig
    // All at once: a source that hangs until its deadline costs a round that long, not that long for each pool.
    await Promise.all(config.pools.map(readMetrics))
    readings++
    for (const pool of config.pools) {
      await reconcilePool(pool).catch((error: unknown) =>
        log.error('pool not reconciled', {
          pool: pool.name,
          error: error instanceof Error ? error.message : String(error),
        }),
      )
    }
  }

  function conditionsOf(view: PoolView): PoolCondition[] {
    const { pool } = view
    const provider = deps.provider(pool.provider)
    const missing = unnamed.get(pool.name)
    const metricsProblem = metricsProblems.get(pool.name)
    const now = poolConditions({
      view,
      provider: deps.gate.health(pool.provider),
      ...(!provider && { providerProblem: `provider ${pool.provider} is not configured` }),
      ...(missing !== undefined && { unnamed: missing }),
      ...(metricsProblem !== undefined && { metricsProblem }),
      ...(provider && { bootDeadlineMs: provider.bootDeadlineMs }),
      ...(slurmConfig?.resumeTimeoutSeconds !== undefined && {
        resumeTimeoutSeconds: slurmConfig.resumeTimeoutSeconds,
      }),
      proposals: [...fleet.operations.values()].flatMap(({ id, pool: of, state }) =>
        of === pool.name && state === 'waiting_for_approval' ? [id] : [],
      ),
      now: clock.now(),
    })
    const before = remembered.get(pool.name) ?? []
    const aged = now.map((condition) => withAge(condition, before))
    remembered.set(pool.name, aged)
    return aged
  }

  /** Gives a condition the time at which its status began. */
  function withAge(condition: ConditionNow, before: readonly PoolCondition[]): PoolCondition {
    const known = before.find(({ type, status }) => type === condition.type && status === condition.status)
    return { ...condition, since: known?.since ?? clock.now() }
  }

  return {
    async reconcile() {
      again = true
      if (running) return
      running = true
      try {
        while (again) {
          again = false
          await round()
        }
      } finally {
        running = false
      }
    },
    view: (pool) => viewPool(inputOf(pool)),
    readings: () => readings,
    conditions: conditionsOf,
    naming({ pool, records }) {
      if (!slurm) return 'none'
      if (!records) return undefined
      if (records.some((record) => isFuture(record.state))) return 'future'
      if (records.some((record) => isCloud(record.state))) return 'cloud'
      const named = [...fleet.nodes.values()].find((node) => node.pool === pool.name && node.slurmNaming)
      return named?.slurmNaming ?? ((slurmConfig?.maxNodeCount ?? 0) > 0 ? 'dynamic' : 'static')
    },
  }
}
