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
import { actOnSize } from './size-pools.ts'

export interface PoolsDeps {
  fleet: Fleet
  engine: Pick<Engine, 'start'>
  config: Pick<NavarchConfig, 'pools'>
  slurm: SlurmLink | undefined
  provider: (name: string) => Provider | undefined
  gate: ProviderGate
  clock: Clock
  log: Log
  /** What a pool's own metrics source says; undefined when it has none, or no answer. Never rejects. */
  metrics: (pool: PoolSpec) => Promise<PoolMetrics | undefined>
}

/** Keeps each pool at its size, and knows why. */
export interface Pools {
  /** One round: looks at every pool and acts. Rounds never overlap: asked during one, it makes another after it. */
  reconcile(): Promise<void>
  view(pool: PoolSpec): PoolView
  conditions(view: PoolView): PoolCondition[]
  /** How the next new host of the pool would be named; undefined while Slurm has not been seen. */
  naming(view: PoolView): SlurmNaming | undefined
}

/** Makes the pools' reconciler. */
export function createPools(deps: PoolsDeps): Pools {
  const { fleet, config, slurm, clock, log } = deps
  const remembered = new Map<string, PoolCondition>()
  const unnamed = new Map<string, string>()
  const metrics = new Map<string, PoolMetrics>()
  let slurmConfig: SlurmConfig | undefined
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
      now: clock.now(),
    }
  }

  async function readMetrics(pool: PoolSpec): Promise<void> {
    const told = await deps.metrics(pool)
    if (told) metrics.set(pool.name, told)
    else metrics.delete(pool.name)
  }

  async function reconcilePool(pool: PoolSpec): Promise<void> {
    const input = inputOf(pool)
    const view = viewPool(input)
    const missing = await actOnSize(deps, view, input)
    if (missing === undefined) unnamed.delete(pool.name)
    else if (unnamed.get(pool.name) !== missing) {
      unnamed.set(pool.name, missing)
      log.warn('no name for a new node', { pool: pool.name, reason: missing })
    }
  }

  async function round(): Promise<void> {
    // Read again now and then: an administrator may have set MaxNodeCount. What was read stays when Slurm is away.
    slurmConfig = (await slurm?.config().catch(() => slurmConfig)) ?? slurmConfig
    // All at once: a source that hangs until its deadline costs a round that long, not that long for each pool.
    await Promise.all(config.pools.map(readMetrics))
    for (const pool of config.pools) {
      await reconcilePool(pool).catch((error: unknown) =>
        log.error('pool not reconciled', {
          pool: pool.name,
          error: error instanceof Error ? error.message : String(error),
        }),
      )
    }
  }

  /** Gives a condition the time at which its status began. */
  function since(pool: string, condition: ConditionNow): PoolCondition {
    const key = `${pool}/${condition.type}`
    const before = remembered.get(key)
    const kept = before?.status === condition.status ? before.since : clock.now()
    const now = { ...condition, since: kept }
    remembered.set(key, now)
    return now
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
    conditions(view) {
      const { pool } = view
      const provider = deps.provider(pool.provider)
      const missing = unnamed.get(pool.name)
      return poolConditions({
        view,
        provider: deps.gate.health(pool.provider),
        ...(!provider && { providerProblem: `provider ${pool.provider} is not configured` }),
        ...(missing !== undefined && { unnamed: missing }),
        ...(provider && { bootDeadlineMs: provider.bootDeadlineMs }),
        ...(slurmConfig?.resumeTimeoutSeconds !== undefined && {
          resumeTimeoutSeconds: slurmConfig.resumeTimeoutSeconds,
        }),
        now: clock.now(),
      }).map((condition) => since(pool.name, condition))
    },
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
