import type { PoolSpec } from '@navarch/core/pool/pool-spec'
import type { Fleet } from '../../fleet/fleet.ts'
import type { PoolView } from '../../reconcile/pool-view.ts'
import type { Pools } from '../../reconcile/pools.ts'
import type { SlurmLink } from '../../slurm/slurm-link.ts'

export type PoolViews = ReadonlyMap<string, PoolView>

export interface PoolViewsDeps {
  pools: Pick<Pools, 'view' | 'readings'>
  specs: readonly PoolSpec[]
  fleet: Pick<Fleet, 'subscribe'>
  slurm: Pick<SlurmLink, 'view'> | undefined
  now: () => number
  /** Lets others run, between two pools. */
  breathe: () => Promise<void>
  /** Ends the listening. */
  signal: AbortSignal
}

/** How long the views are used again at least, and while nothing that they are made of has changed at most, ms. */
const leastMs = 3_000
const mostMs = 15_000

/** Changes of the fleet that views of pools show. */
const shown: ReadonlySet<string> = new Set(['node', 'node-removed', 'operation', 'pool'])

/**
 * The views of all pools, at most 3 s behind the fleet, the pools' metrics and Slurm, and 15 s behind what age and load alone change. A
 * pool's view is a look at every node and job, some hundredths of a second in a large cluster: those who ask share it, and it is made
 * anew pool by pool.
 */
export function createPoolViews(deps: PoolViewsDeps): () => Promise<PoolViews> {
  const { pools, specs, fleet, slurm, now, breathe, signal } = deps
  let changes = 0
  let cached: { at: number; of: readonly unknown[]; views: PoolViews } | undefined
  let running: Promise<PoolViews> | undefined

  const stop = fleet.subscribe((changed) => {
    if (changed.some(({ kind }) => shown.has(kind))) changes++
  })
  signal.addEventListener('abort', stop)

  const madeOf = (): readonly unknown[] => {
    const look = slurm?.view()
    return [look?.snapshot, look?.error, changes, pools.readings()]
  }
  const isFresh = ({ at, of }: NonNullable<typeof cached>): boolean => {
    const age = now() - at
    return age <= leastMs || (age <= mostMs && madeOf().every((part, index) => part === of[index]))
  }
  async function make(): Promise<PoolViews> {
    const [at, of] = [now(), madeOf()]
    const views = new Map<string, PoolView>()
    for (const spec of specs) {
      if (views.size > 0) await breathe()
      views.set(spec.name, pools.view(spec))
    }
    cached = { at, of, views }
    return views
  }
  return async () => {
    if (cached && isFresh(cached)) return cached.views
    running ??= make().finally(() => {
      running = undefined
    })
    return running
  }
}
