import type { NavarchConfig } from '@navarch/config/navarch-config'
import type { Finding } from '@navarch/core/health/finding'
import type { NodeStateSeen } from '@navarch/core/job/job-report'
import type { FleetNode } from '@navarch/core/node/node'
import { renderMetrics } from '@navarch/metrics/exposition'
import { withoutUndefined } from '@navarch/slurm/fields'
import type { JobRecord } from '@navarch/slurm/job-record'
import { formatNodeState } from '@navarch/slurm/node-state'
import type { Clock } from '@navarch/system/clock'
import { loop } from './loop.ts'
import { createJobService } from './services/jobs/create-job-service.ts'
import type { JobService } from './services/jobs/job-service.ts'
import { createLiveUsages } from './services/jobs/live-usages.ts'
import { createJobReconciler } from './slurm/job-reconciler.ts'
import type { SlurmLink } from './slurm/slurm-link.ts'
import type { JobStore } from './store/job-store.ts'
import { renderInTurns, shareText } from './telemetry/job-shared-text.ts'
import { createJobTelemetry, remoteWriteOf } from './telemetry/job-telemetry.ts'
import type { RemoteWriteEffects } from './telemetry/remote-write-client.ts'
import { createStorageMetrics, measured } from './telemetry/storage-metrics.ts'

export interface JobsOptions {
  store: JobStore
  config: Pick<NavarchConfig, 'jobs' | 'server'>
  fleetNodes: () => Iterable<FleetNode>
  findings: (node: string, limit: number) => Promise<readonly Finding[]>
  /** What is not as it should be, in sentences: told by the service, and added to. */
  conditions: string[]
  slurm: SlurmLink | undefined
  /** Has a node's agent write into the output file of a job that has ended there. */
  noteOutput?: (node: string, parameters: Record<string, string>) => Promise<unknown>
  /** Ends everything. */
  signal: AbortSignal
  version: string
  effects: RemoteWriteEffects & { newId: () => string; env: Readonly<Record<string, string | undefined>> }
}

/** All that the control plane does about jobs. */
export interface Jobs {
  service: JobService
  /** The jobs' part of `/metrics`. */
  metrics(): Promise<string>
  /** Begins what goes on by itself; it ends with the signal. */
  run(): Promise<void>[]
}

/** How often readings are packed and what is too old is removed, ms. */
const maintenanceMs = 60_000
/** Silence after which an agent's figures of a job are given up, ms. */
const liveUsageMs = 24 * 3_600_000

export async function startJobs(options: JobsOptions): Promise<Jobs> {
  const { slurm, config, conditions, signal, version, effects } = options
  const { clock, log, newId } = effects
  const { retention, metrics, remoteWrite } = config.jobs
  const storage = createStorageMetrics(clock.now)
  const store = measured(options.store, storage)
  const live = createLiveUsages()
  const remote = remoteWrite && remoteWriteOf(remoteWrite, effects.env, effects)
  if (typeof remote === 'string') {
    conditions.push(remote)
    log.warn(remote)
  }
  const reconciler =
    slurm &&
    createJobReconciler({
      ...{ store, slurm, clock, log, newId, adminComment: config.jobs.adminComment },
      ...(config.jobs.outputFile &&
        options.noteOutput && {
          outputNotes: { report: (runId: string) => service.report(runId), send: options.noteOutput },
        }),
    })
  const remembered = slurm && ((await lastCluster(store)) ?? (await clusterOf(slurm, clock)))
  const service = createJobService({
    store,
    live,
    clock,
    log,
    newId,
    version,
    cluster: () => reconciler?.cluster() ?? remembered ?? noCluster,
    findings: options.findings,
    nodeStates: (nodes) => nodeStatesOf(slurm, nodes),
    dependency: ({ cluster, jobId, restart }) =>
      cluster === reconciler?.cluster() ? jobInLook(slurm, jobId, restart)?.dependency : undefined,
    conditions: () => [...conditions, ...slurmConditions(slurm)],
  })
  const telemetry = createJobTelemetry({
    store,
    live,
    storage,
    fleetNodes: options.fleetNodes,
    slurmNodes: () => slurm?.view().snapshot?.nodes ?? [],
    nodeFreshMs: config.server.heartbeatTimeoutMs,
    settings: metrics,
    remote: typeof remote === 'string' ? undefined : remote,
    clock,
  })
  const policy = {
    rawMs: retention.rawMs,
    coarseStepMs: retention.stepMs,
    samplesMs: retention.samplesMs,
    jobsMs: retention.jobsMs,
  }
  if (typeof remote === 'object') signal.addEventListener('abort', () => void remote.close())
  const metricsText = shareText(async () => {
    try {
      return await renderInTurns(await telemetry.metrics())
    } catch (error) {
      // A store that does not answer must not hide the fleet's metrics, nor its own errors.
      log.warn('metrics of jobs cannot be told', { error: error instanceof Error ? error.message : String(error) })
      return renderMetrics(storage.metrics())
    }
  }, clock.now)
  return {
    service,
    metrics: metricsText,
    run: () => [
      loop(clock, signal, log, 'jobs', maintenanceMs, async () => {
        live.prune(clock.now() - liveUsageMs)
        await store.maintain(clock.now(), policy)
      }),
      ...(reconciler ? [reconciler.run(signal)] : []),
      ...(remoteWrite ? [loop(clock, signal, log, 'remote write', remoteWrite.intervalMs, telemetry.send)] : []),
    ],
  }
}

/** The cluster of jobs where nobody has told its name. */
const noCluster = 'default'

/** The cluster of the newest job: Slurm may be away at the start, and does not change its name. */
async function lastCluster(store: JobStore): Promise<string | undefined> {
  const { runs } = await store.list({ limit: 1, offset: 0 })
  return runs[0]?.cluster === noCluster ? undefined : runs[0]?.cluster
}

/** How long the very first start waits for Slurm to tell the cluster's name, ms. */
const clusterWithinMs = 5000

/**
 * The cluster's name by Slurm, asked before anybody is listened to: agents that wait for their control plane tell at once of all
 * jobs that run, without a cluster, and each would be another job beside the one of Slurm's record.
 */
async function clusterOf(slurm: SlurmLink, clock: Clock): Promise<string | undefined> {
  const late = Promise.withResolvers<undefined>()
  const cancel = clock.after(clusterWithinMs, () => late.resolve(undefined))
  const name = slurm.config().then(
    ({ clusterName }) => clusterName,
    () => undefined,
  )
  return Promise.race([name, late.promise]).finally(cancel)
}

/** What a Slurm that does not answer means for jobs. */
function slurmConditions(slurm: SlurmLink | undefined): string[] {
  const error = slurm?.view().error
  return error ? [`Slurm does not answer, and its word on jobs is missing: ${error.message}`] : []
}

function jobInLook(slurm: SlurmLink | undefined, jobId: string, restart: number): JobRecord | undefined {
  return slurm?.view().snapshot?.jobs.find((job) => String(job.id) === jobId && job.restarts === restart)
}

function nodeStatesOf(slurm: SlurmLink | undefined, nodes: readonly string[]): NodeStateSeen[] {
  const wanted = new Set(nodes)
  return (slurm?.view().snapshot?.nodes ?? [])
    .filter(({ name }) => wanted.has(name))
    .map(({ name, state, reason, reasonAt }) =>
      withoutUndefined<NodeStateSeen>({ node: name, state: formatNodeState(state), reason, at: reasonAt }),
    )
}
