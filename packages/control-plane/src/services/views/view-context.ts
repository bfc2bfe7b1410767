import type { FreshnessJson } from '@navarch/api/views'
import type { NavarchConfig } from '@navarch/config/navarch-config'
import type { Operation } from '@navarch/core/operation/operation'
import type { PoolSpec } from '@navarch/core/pool/pool-spec'
import type { Clock } from '@navarch/system/clock'
import type { Fleet } from '../../fleet/fleet.ts'
import type { GpuRings } from '../../history/gpu-rings.ts'
import type { StateTurns } from '../../history/state-turns.ts'
import type { PoolView } from '../../reconcile/pool-view.ts'
import type { Pools } from '../../reconcile/pools.ts'
import type { SlurmLink } from '../../slurm/slurm-link.ts'
import type { JobReads } from '../jobs/job-service.ts'
import type { Completions } from './completions.ts'
import type { FleetRows } from './fleet-rows.ts'
import type { SlurmSight } from './freshness.ts'
import type { ReturnTimes } from './return-times.ts'

/** Alerts that fire, as the first page shows them. */
export interface AlertCounts {
  critical: number
  warning: number
  info: number
  /** Those that a person must see to. */
  todo: { id: string; text: string }[]
}

/** What all views read from. */
export interface ViewContext {
  fleet: Fleet
  config: Pick<NavarchConfig, 'pools'>
  slurm: SlurmLink | undefined
  clock: Clock
  rows: FleetRows
  /** Age from which an agent's word is no word of the present, ms. */
  silentAfterMs: number
  rings: GpuRings
  turns: StateTurns
  jobs: Pick<JobReads, 'list' | 'runs'>
  /** The user that our commands run as, as Slurm counts them; undefined: not known. */
  ownUser: string | undefined
  completions: Completions
  returnTimes: ReturnTimes
  sight(): SlurmSight
  freshness(): FreshnessJson
  /** Whether Slurm was asked and did not answer for too long: more than a start that is not over yet. */
  slurmFailed(): boolean
  alerts(): AlertCounts
  /** What pools say is wrong and a person must mend. */
  poolProblems(): { pool: string; message: string }[]
  /** The pools' views, at most some seconds old: they cost a look at every node and job. */
  poolViews(): ReadonlyMap<string, PoolView>
  awaitsApproval(operation: Operation): boolean
  /** Operations that failed within the last day and were not tried again. */
  failedOperations(): Promise<number>
}

/** How long a pool's view is used again, ms. */
const poolViewMs = 3_000

/** Views of all pools, kept for some seconds. */
export function cachedPoolViews(
  pools: Pick<Pools, 'view'>,
  specs: readonly PoolSpec[],
  now: () => number,
): () => ReadonlyMap<string, PoolView> {
  let cached: { at: number; views: Map<string, PoolView> } | undefined
  return () => {
    if (!cached || now() - cached.at > poolViewMs) {
      cached = { at: now(), views: new Map(specs.map((spec) => [spec.name, pools.view(spec)])) }
    }
    return cached.views
  }
}
