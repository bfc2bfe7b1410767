import type { JobsSpec, RemoteWriteSpec } from '@navarch/config/navarch-config'
import { viewJob } from '@navarch/core/job/view-job'
import type { FleetNode } from '@navarch/core/node/node'
import type { Metric } from '@navarch/metrics/exposition'
import type { NodeRecord } from '@navarch/slurm/node-record'
import type { Clock } from '@navarch/system/clock'
import type { LiveUsages } from '../services/jobs/live-usages.ts'
import type { JobFilter, JobStore } from '../store/job-store.ts'
import { defaultJobMetricsOptions, jobMetrics } from './job-metrics.ts'
import { type JobOfMetrics, nodesOfMetrics } from './job-metrics-input.ts'
import { type KnownSeries, pointsOfMetrics } from './points-of-metrics.ts'
import {
  createRemoteWriteClient,
  type RemoteWriteClient,
  type RemoteWriteEffects,
  type RemoteWriteOptions,
} from './remote-write-client.ts'
import { createDroppedSeries } from './series-budget.ts'
import type { StorageMetrics } from './storage-metrics.ts'

export interface JobTelemetryOptions {
  store: JobStore
  live: LiveUsages
  storage: StorageMetrics
  fleetNodes: () => Iterable<FleetNode>
  slurmNodes: () => readonly NodeRecord[]
  /** Silence after which a node's readings do not count, ms. */
  nodeFreshMs: number
  settings: JobsSpec['metrics']
  /** Undefined: metrics are sent nowhere. */
  remote: RemoteWriteClient | undefined
  clock: Clock
}

export interface JobTelemetry {
  /** All metrics of jobs as of now. */
  metrics(): Promise<Metric[]>
  /** Sends them on. */
  send(): Promise<void>
}

/** Runs of one page; and about the most of one scrape, which takes seconds to make with so many. */
const pageSize = 1000
const mostRuns = 20_000

export function createJobTelemetry(options: JobTelemetryOptions): JobTelemetry {
  const { store, live, storage, settings, remote, clock } = options
  const dropped = createDroppedSeries()
  let sent: KnownSeries = new Map()

  async function jobsToTell(now: number): Promise<JobOfMetrics[]> {
    const jobs: JobOfMetrics[] = []
    // By state, which has an index of its own: by time alone all of a year's jobs are looked through.
    const filters: Omit<JobFilter, 'limit' | 'offset'>[] = [
      { states: ['running'] },
      { states: ['completed', 'failed', 'cancelled'], from: now - settings.endedMs, to: now },
    ]
    for (const filter of filters) {
      for (let offset = 0; ; offset += pageSize) {
        const { runs, total } = await store.list({ ...filter, limit: pageSize, offset })
        for (const run of runs) jobs.push({ view: viewJob(run), live: live.of(run) })
        if (runs.length < pageSize) break
        if (jobs.length < mostRuns) continue
        dropped.add('hpc_job_runtime_seconds', total - offset - runs.length)
        break
      }
    }
    return jobs
  }

  async function metrics(): Promise<Metric[]> {
    const now = clock.now()
    const [jobs, countByState, totalRuns] = await Promise.all([
      jobsToTell(now),
      store.countByState(),
      store.totalRuns(),
    ])
    const nodes = nodesOfMetrics(options.fleetNodes(), options.slurmNodes(), now - options.nodeFreshMs)
    return [
      ...jobMetrics(
        { now, jobs, nodes, countByState, totalRuns },
        { ...defaultJobMetricsOptions, keepEndedMs: settings.endedMs, maxSeries: settings.maxSeries },
        dropped,
      ),
      ...storage.metrics(),
      ...(remote?.metrics() ?? []),
    ]
  }

  return {
    metrics,
    async send() {
      if (!remote) return
      const now = clock.now()
      const { points, series } = pointsOfMetrics(await metrics(), now, sent)
      sent = series
      remote.push(points)
    },
  }
}

/**
 * The client that the settings ask for.
 * @returns a sentence in place of it when a variable that they name is not set
 */
export function remoteWriteOf(
  { url, timeoutMs, tokenEnv, basic, headers }: RemoteWriteSpec,
  env: Readonly<Record<string, string | undefined>>,
  effects: RemoteWriteEffects,
): RemoteWriteClient | string {
  const missing = [tokenEnv, basic?.passwordEnv].find((name) => name !== undefined && !env[name])
  if (missing !== undefined) return `metrics are not sent on: jobs.remote_write names ${missing}, which is not set`
  const auth: RemoteWriteOptions['auth'] =
    tokenEnv !== undefined
      ? { kind: 'bearer', token: env[tokenEnv] ?? '' }
      : basic && { kind: 'basic', user: basic.username, password: env[basic.passwordEnv] ?? '' }
  return createRemoteWriteClient({ url, deadlineMs: timeoutMs, headers, ...(auth && { auth }) }, effects)
}
