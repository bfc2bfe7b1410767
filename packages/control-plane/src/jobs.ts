import type { JobsSpec } from '@navarch/config/navarch-config'
import type { Finding } from '@navarch/core/health/finding'
import type { NodeStateSeen } from '@navarch/core/job/job-report'
import { withoutUndefined } from '@navarch/slurm/fields'
import { formatNodeState } from '@navarch/slurm/node-state'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'
import { loop } from './loop.ts'
import { createJobService } from './services/jobs/create-job-service.ts'
import type { JobService } from './services/jobs/job-service.ts'
import { createLiveUsages } from './services/jobs/live-usages.ts'
import type { SlurmLink } from './slurm/slurm-link.ts'
import type { JobStore } from './store/job-store.ts'

export interface JobsOptions {
  store: JobStore
  findings: (node: string, limit: number) => Promise<readonly Finding[]>
  settings: JobsSpec
  /** What is not as it should be, in sentences; read at each look. */
  conditions: readonly string[]
  slurm: SlurmLink | undefined
  /** Ends the loops. */
  signal: AbortSignal
  version: string
  effects: { clock: Clock; log: Log; newId: () => string }
}

/** All that the control plane does about jobs. */
export interface Jobs {
  service: JobService
  /** The jobs' part of `/metrics`. */
  metrics(): Promise<string>
  /** End with the signal. */
  loops: Promise<void>[]
}

/** How often readings are packed and what is too old is removed, ms. */
const maintenanceMs = 60_000
/** Silence after which an agent's figures of a job are given up, ms. */
const liveUsageMs = 24 * 3_600_000

export function startJobs(options: JobsOptions): Jobs {
  const { store, slurm, settings, signal, version, effects } = options
  const { clock, log, newId } = effects
  const live = createLiveUsages()
  const service = createJobService({
    store,
    live,
    clock,
    log,
    newId,
    version,
    findings: options.findings,
    nodeStates: (nodes) => nodeStatesOf(slurm, nodes),
    conditions: () => [...options.conditions, ...slurmConditions(slurm)],
  })
  const { rawMs, stepMs, samplesMs, jobsMs } = settings.retention
  const policy = { rawMs, coarseStepMs: stepMs, samplesMs, jobsMs }
  return {
    service,
    metrics: async () => '',
    loops: [
      loop(clock, signal, log, 'jobs', maintenanceMs, async () => {
        live.prune(clock.now() - liveUsageMs)
        await store.maintain(clock.now(), policy)
      }),
    ],
  }
}

/** What a Slurm that does not answer means for jobs. */
function slurmConditions(slurm: SlurmLink | undefined): string[] {
  const error = slurm?.view().error
  return error ? [`Slurm does not answer, and its word on jobs is missing: ${error.message}`] : []
}

function nodeStatesOf(slurm: SlurmLink | undefined, nodes: readonly string[]): NodeStateSeen[] {
  const wanted = new Set(nodes)
  return (slurm?.view().snapshot?.nodes ?? [])
    .filter(({ name }) => wanted.has(name))
    .map(({ name, state, reason, reasonAt }) =>
      withoutUndefined<NodeStateSeen>({ node: name, state: formatNodeState(state), reason, at: reasonAt }),
    )
}
