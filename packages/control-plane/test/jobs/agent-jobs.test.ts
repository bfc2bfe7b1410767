import type { MessageInitShape } from '@bufbuild/protobuf'
import type { JobSampleBatchSchema } from '@navarch/api/control-plane'
import type { JobSeriesJson } from '@navarch/api/jobs'
import type { GpuUsage, NodeUsage } from '@navarch/core/job/node-usage'
import { createManualClock } from '@navarch/system/manual-clock'
import { describe, expect, it } from 'vitest'
import { emptyJobStore } from '../job-service-over.ts'
import { openRegisteredLink } from '../server/agent-client.ts'
import { finishedEvent, startedEvent, startJobsServer } from './jobs-server.ts'

const start = Date.UTC(2026, 2, 1, 12)

const started = JSON.stringify({ event: 'started', ...startedEvent, node: 'n1', restart: 0 })
const finished = (usage: NodeUsage) =>
  JSON.stringify({ event: 'finished', ...finishedEvent, node: 'n1', restart: 0, final_metrics: usage })

function gpu(change: Partial<GpuUsage> = {}): GpuUsage {
  return {
    uuid: 'GPU-1',
    vendor: 'nvidia',
    readings: 2,
    utilization: 80,
    utilizationMean: 60,
    utilizationMax: 90,
    ...change,
  }
}

/** What a job used until `seconds` after its start. */
function usage(seconds: number, change: Partial<NodeUsage> = {}): NodeUsage {
  return {
    ...{ source: 'cgroup-v2', since: start, until: start + seconds * 1000, readings: seconds },
    ...{ cpuSeconds: seconds * 2, cpus: 4, memoryBytes: 2 ** 30, memoryMaxBytes: 2 ** 31, gpus: [gpu()] },
    ...change,
  }
}

/** The readings of one moment, `seconds` after the job's start. */
function batch(seconds: number, change: Partial<NodeUsage> = {}): MessageInitShape<typeof JobSampleBatchSchema> {
  const reading = {
    at: start + seconds * 1000,
    host: [seconds * 2, 2 ** 30],
    gpus: [{ uuid: 'GPU-1', values: [80, 2 ** 33, 300] }],
  }
  return { jobId: '99999', readings: [reading], usage: JSON.stringify(usage(seconds, change)) }
}

describe("an agent's link", () => {
  it('brings events of jobs, durable when they are acknowledged', async () => {
    const { url, get } = await startJobsServer()
    const agent = await openRegisteredLink(url, 'n1')
    agent.send({ case: 'jobEvents', value: { events: [started, finished(usage(60))] } })
    await agent.until(() => agent.acked() === 2n)
    expect((await get('/v1/jobs/99999')).body).toMatchObject({
      ...{ state: 'completed', cpu_seconds: 120, cpu_usage: 50, gpu_usage: 60, max_gpu_usage: 90 },
      ...{ sample_count: 60, memory_usage_mb: 2048, usage_source: 'cgroup-v2' },
    })
    expect((await get('/v1/jobs/99999/audit')).body[0]).toMatchObject({ changed_by: 'agent n1', source: 'agent' })
    agent.destroy()
  })

  it('acknowledges events that can never be taken, and takes the others', async () => {
    const { url, get } = await startJobsServer()
    const agent = await openRegisteredLink(url, 'n1')
    agent.send({ case: 'jobEvents', value: { events: ['{', '[]', '{"event":"started"}', started] } })
    await agent.until(() => agent.acked() === 2n)
    expect((await get('/v1/jobs')).body).toMatchObject({ total: 1, jobs: [{ id: '99999' }] })
    agent.destroy()
  })

  it('brings readings, which are what the job uses now', async () => {
    const clock = createManualClock(start + 30_000)
    const { url, get } = await startJobsServer({ deps: { clock } })
    const agent = await openRegisteredLink(url, 'n1')
    agent.send({ case: 'jobEvents', value: { events: [started] } })
    agent.send({ case: 'jobSamples', value: { jobs: [batch(10)] } })
    agent.send({ case: 'jobSamples', value: { jobs: [batch(20, { cpuSeconds: 30 })] } })
    await agent.until(() => agent.acked() === 4n)

    const { body } = await get('/v1/jobs/99999')
    // 10 CPU seconds in the last 10 s, of 4 CPUs.
    expect(body).toMatchObject({ cpu_usage: 25, memory_usage_mb: 1024, gpu_usage: 80, cpu_seconds: 30 })
    const { body: metrics } = await get('/v1/jobs/99999/metrics')
    expect(metrics).toMatchObject({
      samples: [
        { timestamp: '2026-03-01T12:00:10.000Z', cpu_usage: 50, memory_usage_mb: 1024, gpu_usage: 80 },
        { timestamp: '2026-03-01T12:00:20.000Z', cpu_usage: 50 },
      ],
      total: 2,
    })
    const { body: series } = await get<JobSeriesJson>('/v1/jobs/99999/series')
    expect(series.lines.map(({ metric, gpu_uuid }) => [metric, gpu_uuid])).toEqual(
      expect.arrayContaining([
        ['cpu_percent', undefined],
        ['gpu_power_watts', 'GPU-1'],
      ]),
    )
    agent.destroy()
  })

  it('that is silent leaves the present unknown, and what was counted known', async () => {
    const clock = createManualClock(start + 30_000)
    const { url, get } = await startJobsServer({ deps: { clock } })
    const agent = await openRegisteredLink(url, 'n1')
    agent.send({ case: 'jobEvents', value: { events: [started] } })
    agent.send({ case: 'jobSamples', value: { jobs: [batch(10), batch(20)] } })
    await agent.until(() => agent.acked() === 3n)
    await clock.advance(10 * 60_000)
    const { body } = await get('/v1/jobs/99999')
    expect(body).toMatchObject({ state: 'running', cpu_seconds: 40 })
    expect(body).not.toHaveProperty('cpu_usage')
    expect(body).not.toHaveProperty('memory_usage_mb')
    expect(body).not.toHaveProperty('gpu_usage')
    agent.destroy()
  })

  it('that cannot know the run means the newest', async () => {
    const { url, store } = await startJobsServer()
    const agent = await openRegisteredLink(url, 'n1')
    const second = JSON.stringify({ event: 'started', ...startedEvent, node: 'n1', restart: 1 })
    agent.send({ case: 'jobEvents', value: { events: [started, second] } })
    agent.send({ case: 'jobSamples', value: { jobs: [{ ...batch(10), newestRun: true }] } })
    await agent.until(() => agent.acked() === 3n)
    const key = { cluster: 'default', jobId: '99999' }
    const window = { from: 0, to: Number.MAX_SAFE_INTEGER }
    expect(await store.series({ ...key, restart: 1 }, window)).toMatchObject([{ node: 'n1', samples: [{}] }])
    expect(await store.series({ ...key, restart: 0 }, window)).toEqual([])
    agent.destroy()
  })

  it('brings readings of which the sum is broken', async () => {
    const { url, get } = await startJobsServer()
    const agent = await openRegisteredLink(url, 'n1')
    agent.send({ case: 'jobEvents', value: { events: [started] } })
    agent.send({ case: 'jobSamples', value: { jobs: [{ ...batch(10), usage: '{"source":"guess"}' }] } })
    await agent.until(() => agent.acked() === 3n)
    expect((await get('/v1/jobs/99999/metrics')).body.total).toBe(1)
    expect((await get('/v1/jobs/99999')).body).toMatchObject({ usage_source: 'none', sample_count: 0 })
    agent.destroy()
  })

  it('ends when the store does not take events, so that the agent sends them again', async () => {
    const { url } = await startJobsServer({ deps: { store: emptyJobStore } })
    const agent = await openRegisteredLink(url, 'n1')
    agent.send({ case: 'jobEvents', value: { events: [started] } })
    expect(await agent.ended).toEqual(['14', expect.stringContaining('the job store does not answer')])
    expect(agent.acked()).toBe(1n)
    agent.destroy()
  })
})
