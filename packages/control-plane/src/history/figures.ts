import type { FleetNodeJson } from '@navarch/api/views'
import { countFleet } from '@navarch/core/overview/count-fleet'
import { tasksOf } from '@navarch/core/queue/pending-words'
import { poolSize } from '@navarch/core/size/pool-size'
import { hasAllocation } from '@navarch/slurm/job-state'
import type { PoolView } from '../reconcile/pool-view.ts'
import type { SlurmSight } from '../services/views/freshness.ts'

/** Names of the figures of the fleet, as they are stored. */
export type FleetFigure =
  | 'gpus_busy'
  | 'gpus_idle'
  | 'gpus_broken'
  | 'gpus_coming'
  | 'jobs_pending'
  | 'jobs_running'
  | 'gpu_percent'
export type PoolFigure = 'wanted' | 'ready' | 'busy' | 'provisioning' | 'min' | 'max' | 'pending_jobs'

/** The fleet's figures now. What Slurm alone knows is left out while its word is old. */
export function fleetFigures(
  rows: readonly FleetNodeJson[],
  { state, snapshot }: SlurmSight,
): Partial<Record<FleetFigure, number>> {
  const { gpus } = countFleet(
    rows.map(({ state, gpus, gpus_used }) => ({ state, gpus, ...(gpus_used !== null && { gpusUsed: gpus_used }) })),
  )
  const jobs = state === 'fresh' ? snapshot?.jobs : undefined
  const heard = rows.filter((row) => row.gpu_percent !== null)
  const weight = heard.reduce((sum, row) => sum + row.gpus, 0)
  const percent = heard.reduce((sum, row) => sum + (row.gpu_percent ?? 0) * row.gpus, 0)
  return {
    ...(state !== 'stale' && {
      gpus_busy: gpus.busy,
      gpus_idle: gpus.idle,
      gpus_broken: gpus.broken,
      gpus_coming: gpus.coming,
    }),
    ...(jobs && {
      jobs_pending: jobs.reduce((sum, job) => sum + (job.state === 'PENDING' ? tasksOf(job) : 0), 0),
      jobs_running: jobs.filter((job) => hasAllocation(job.state)).length,
    }),
    ...(weight > 0 && { gpu_percent: Math.round(percent / weight) }),
  }
}

/** A pool's figures now. What cannot be told is left out: which nodes serve and which are busy, Slurm alone knows. */
export function poolFigures({
  pool,
  members,
  decision,
  demand,
  slurmProblem,
}: PoolView): Partial<Record<PoolFigure, number>> {
  const { wanted, ready, busy, provisioning, min, max } = poolSize(pool, members, decision.wanted)
  const pending = demand?.jobs.filter((job) => job.kind === 'pending')
  return {
    ...(decision.blocked !== 'cannot-tell' && { wanted }),
    ...(slurmProblem === undefined && { ready, busy }),
    provisioning,
    min,
    max,
    ...(pending && { pending_jobs: pending.reduce((sum, job) => sum + Math.max(1, job.copies), 0) }),
  }
}
