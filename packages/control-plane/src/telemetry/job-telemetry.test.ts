import type { RemoteWriteSpec } from '@navarch/config/navarch-config'
import { silentLog } from '@navarch/system/log'
import { createManualClock } from '@navarch/system/manual-clock'
import { describe, expect, it } from 'vitest'
import { emptyJobStore } from '../../test/job-service-over.ts'
import { createLiveUsages } from '../services/jobs/live-usages.ts'
import type { JobFilter } from '../store/job-store.ts'
import { createJobTelemetry, remoteWriteOf } from './job-telemetry.ts'
import { createStorageMetrics, measured } from './storage-metrics.ts'

const spec: RemoteWriteSpec = {
  url: 'http://mimir/push',
  intervalMs: 1000,
  timeoutMs: 1000,
  headers: { 'x-scope-orgid': 'hpc' },
}

/** An engine that keeps the requests it gets. */
function engine() {
  const requests: Request[] = []
  const effects = {
    fetch: async (input: string | URL | Request, init?: RequestInit) => {
      requests.push(new Request(input, init))
      return new Response(null, { status: 204 })
    },
    clock: createManualClock(1_000_000),
    log: silentLog,
    random: () => 0.5,
  }
  return { requests, effects }
}

function telemetryOver(remote: Parameters<typeof createJobTelemetry>[0]['remote'], store = emptyJobStore) {
  const clock = createManualClock(1_000_000)
  const storage = createStorageMetrics(clock.now)
  return createJobTelemetry({
    store: measured(store, storage),
    live: createLiveUsages(),
    storage,
    fleetNodes: () => [],
    slurmNodes: () => [],
    nodeFreshMs: 90_000,
    settings: { maxSeries: 100, endedMs: 60_000 },
    remote,
    clock,
  })
}

describe('the telemetry of jobs', () => {
  it('has the numbers of jobs and what the store took', async () => {
    const metrics = await telemetryOver(undefined).metrics()
    expect(metrics.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['hpc_job_state_total', 'hpc_job_total', 'storage_operation_duration_seconds']),
    )
    expect(metrics.find(({ name }) => name === 'hpc_job_state_total')?.samples).toContainEqual({
      labels: { state: 'running' },
      value: 0,
    })
  })

  it('reads jobs of all pages, those that run and those that have just ended', async () => {
    const asked: unknown[] = []
    const doc = { cluster: 'c', jobId: '1', restart: 0, firstAt: 0, started: {}, finished: {} }
    const store = {
      ...emptyJobStore,
      list: async ({ states, limit, offset }: JobFilter) => {
        asked.push([states?.[0], offset])
        const count = offset === 0 ? limit : 3
        return { runs: Array.from({ length: count }, () => doc), total: limit + 3 }
      },
    }
    await telemetryOver(undefined, store).metrics()
    expect(asked).toEqual([
      ['running', 0],
      ['running', 1000],
      ['completed', 0],
      ['completed', 1000],
    ])
  })

  it('counts the jobs that it does not read, since there are too many', async () => {
    const doc = { cluster: 'c', jobId: '1', restart: 0, firstAt: 0, started: {}, finished: {} }
    const list = async ({ limit }: JobFilter) => ({ runs: Array.from({ length: limit }, () => doc), total: 25_000 })
    const metrics = await telemetryOver(undefined, { ...emptyJobStore, list }).metrics()
    const dropped = metrics.find(({ name }) => name === 'navarch_metrics_dropped_series_total')
    // 5,000 that run, and all but the first page of those that have ended.
    expect(dropped?.samples).toContainEqual({ labels: { metric: 'hpc_job_runtime_seconds' }, value: 29_000 })
  })

  it('is sent on with the headers and the token of the configuration', async () => {
    const { requests, effects } = engine()
    const remote = remoteWriteOf({ ...spec, tokenEnv: 'TOKEN' }, { TOKEN: 'secret' }, effects)
    if (typeof remote === 'string') throw new Error(remote)
    await telemetryOver(remote).send()
    await remote.idle()
    expect(requests.map(({ url }) => url)).toEqual(['http://mimir/push'])
    expect(requests[0]?.headers.get('authorization')).toBe('Bearer secret')
    expect(requests[0]?.headers.get('x-scope-orgid')).toBe('hpc')
    await remote.close()
  })

  it.each([
    [{ ...spec, tokenEnv: 'TOKEN' }, 'TOKEN'],
    [{ ...spec, basic: { username: 'a', passwordEnv: 'PASSWORD' } }, 'PASSWORD'],
  ])('is not sent while a variable that is named is not set', (remoteWrite, variable) => {
    expect(remoteWriteOf(remoteWrite, {}, engine().effects)).toBe(
      `metrics are not sent on: jobs.remote_write names ${variable}, which is not set`,
    )
  })
})
