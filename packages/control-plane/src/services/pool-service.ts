import type { PoolJson } from '@navarch/api/rest'
import type { NavarchConfig } from '@navarch/config/navarch-config'
import type { PoolSpec } from '@navarch/core/pool/pool-spec'
import type { AutoscalerAnswer } from '@navarch/core/size/autoscalers'
import { poolSize } from '@navarch/core/size/pool-size'
import type { Fleet } from '../fleet/fleet.ts'
import type { Pools } from '../reconcile/pools.ts'
import { time } from './render.ts'
import { ServiceError } from './service-error.ts'
import type { PoolService } from './services.ts'

export interface PoolServiceDeps {
  fleet: Fleet
  config: Pick<NavarchConfig, 'pools' | 'providers'>
  pools: Pools
  /** Called after a change that the pools should follow at once. */
  reconcile: () => void
}

export function createPoolService({ fleet, config, pools, reconcile }: PoolServiceDeps): PoolService {
  const find = (name: string): PoolSpec => {
    const pool = config.pools.find((candidate) => candidate.name === name)
    if (pool) return pool
    const known = config.pools.map((candidate) => candidate.name).join(', ') || 'none'
    throw new ServiceError('not_found', `pool not found: ${name}; pools here: ${known}`)
  }

  const render = (pool: PoolSpec): PoolJson => {
    const view = pools.view(pool)
    return {
      name: pool.name,
      provider: pool.provider,
      provider_type: config.providers.find((provider) => provider.name === pool.provider)?.type ?? '',
      instance_type: pool.instanceType,
      region: pool.region,
      partition: view.partition?.kind === 'found' ? view.partition.partition.name : null,
      naming: pools.naming(view) ?? 'unknown',
      size: poolSize(pool, view.members, view.decision.wanted),
      manual_size: fleet.poolMemory(pool.name).manualSize ?? null,
      autoscaler: pool.autoscaler?.type ?? 'none',
      mode: pool.mode,
      nodes: view.members.map((member) => member.id).sort(),
      conditions: pools.conditions(view).map((condition) => ({ ...condition, since: time(condition.since) })),
    }
  }

  return {
    list: () => config.pools.map(render),
    get: (name) => render(find(name)),
    explain(name) {
      const view = pools.view(find(name))
      const { decision, demand } = view
      const held = decision.blockedReason ? ` (held back: ${decision.blockedReason})` : ''
      return {
        pool: name,
        wanted: decision.wanted,
        reason: `${decision.reason}${held}`,
        parts: view.answer ? flatten(view.answer) : [],
        jobs: (demand?.jobs ?? []).map((job) => ({
          job: String(job.jobId),
          counted: job.copies > 0,
          nodes: job.nodes * Math.max(job.copies, 1),
          state: job.kind,
          reason: job.why,
        })),
        unknown_reasons: Object.keys(demand?.unknownReasons ?? {}),
        data_age_seconds: view.dataAgeMs === undefined ? null : Math.round(view.dataAgeMs / 1000),
      }
    },
    async scale(name, nodes) {
      const pool = find(name)
      if (nodes !== null && (!Number.isInteger(nodes) || nodes < pool.minNodes || nodes > pool.maxNodes)) {
        throw new ServiceError(
          'invalid',
          `pool ${name} may have ${pool.minNodes} to ${pool.maxNodes} nodes, not ${nodes}`,
        )
      }
      if (pool.mode === 'observe') {
        const remedy = 'set its mode to recommend or act in the configuration first'
        throw new ServiceError('conflict', `pool ${name} is observed, so nothing changes its size: ${remedy}`)
      }
      const { manualSize: _manualSize, ...memory } = fleet.poolMemory(name)
      const message = nodes === null ? 'size: back to the autoscaler' : `size: an operator asked for ${nodes}`
      await fleet.commit([
        { kind: 'pool', memory: nodes === null ? memory : { ...memory, manualSize: nodes } },
        { kind: 'event', type: 'pool-size', message, pool: name },
      ])
      reconcile()
      return render(pool)
    },
  }
}

/** An answer and those below it, outermost first. */
function flatten(answer: AutoscalerAnswer): { type: string; wanted: number | null; reason: string }[] {
  return [{ type: answer.type, wanted: answer.wanted ?? null, reason: answer.reason }, ...answer.parts.flatMap(flatten)]
}
