import type { FreshnessJson } from '@navarch/api/views'
import type { NavarchConfig } from '@navarch/config/navarch-config'
import type { Operation } from '@navarch/core/operation/operation'
import type { Clock } from '@navarch/system/clock'
import type { Fleet } from '../../fleet/fleet.ts'
import type { GpuRings } from '../../history/gpu-rings.ts'
import type { StateTurns } from '../../history/state-turns.ts'
import type { SlurmLink } from '../../slurm/slurm-link.ts'
import type { JobReads } from '../jobs/job-service.ts'
import type { Completions } from './completions.ts'
import type { FleetRows } from './fleet-rows.ts'
import type { SlurmSight } from './freshness.ts'
import type { PoolViews } from './pool-views.ts'
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
  /** Brings the rows up to date: before they are read, where what is some tenths of a second old will not do. */
  upToDate(): Promise<void>
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
  poolProblems(): Promise<{ pool: string; message: string }[]>
  /** The pools' views: at most 3 s behind the fleet and Slurm, and 15 s behind what age and load alone change. */
  poolViews(): Promise<PoolViews>
  awaitsApproval(operation: Operation): boolean
  /** Operations that failed within the last day and were not tried again. */
  failedOperations(): Promise<number>
}
