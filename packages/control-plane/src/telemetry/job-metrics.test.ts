import { spawnSync } from 'node:child_process'
import type { JobDoc } from '@navarch/core/job/job-doc'
import type { NodeUsage } from '@navarch/core/job/node-usage'
import { viewJob } from '@navarch/core/job/view-job'
import type { FleetNode } from '@navarch/core/node/node'
import { renderMetrics } from '@navarch/metrics/exposition'
import type { NodeRecord } from '@navarch/slurm/node-record'
import { describe, expect, it } from 'vitest'
import { nodeDocument } from '../../test/memory-fleet.ts'
import { defaultJobMetricsOptions, jobMetrics } from './job-metrics.ts'
import { type JobMetricsInput, type JobOfMetrics, nodesOfMetrics } from './job-metrics-input.ts'
import { createDroppedSeries, seriesForFleet } from './series-budget.ts'
import { createStorageMetrics, measured } from './storage-metrics.ts'

const now = Date.UTC(2026, 0, 1)
const gib = 1024 ** 3

/** What the agent of a node with two GPUs tells. */
function usage(changes: Partial<NodeUsage> = {}): NodeUsage {
  const gpu = { vendor: 'nvidia', readings: 9, memoryBytes: 70 * gib, temperatureMax: 71 } as const
  return {
    source: 'cgroup-v2',
    since: now - 100_000,
    until: now,
    readings: 9,
    cpuSeconds: 200,
    cpus: 8,
    memoryBytes: 3 * gib,
    memoryMaxBytes: 5 * gib,
    gpus: [
      {
        ...gpu,
        uuid: 'GPU-1',
        utilization: 90,
        utilizationMean: 80,
        last: { at: now, powerWatts: 610.5 },
        powerWattsMean: 500,
      },
      { ...gpu, uuid: 'GPU-2', utilization: 0, utilizationMean: 10, memoryMaxBytes: 71 * gib },
    ],
    ...changes,
  }
}

/** A job of two nodes that began 100 s ago. */
function doc(changes: Partial<JobDoc> = {}): JobDoc {
  const at = now - 100_000
  const whole = { user: 'ada', nodes: ['n1', 'n2'], account: 'physics', partition: 'gpu' }
  const gpus = [{ uuid: 'GPU-9', vendor: 'nvidia' as const }]
  return {
    cluster: 'c',
    jobId: '812',
    restart: 0,
    firstAt: at,
    whole,
    started: { n1: { at, cpus: 8 }, n2: { at, cpus: 8, gpus } },
    finished: {},
    ...changes,
  }
}

function job(
  document: JobDoc = doc(),
  live: JobOfMetrics['live'] = new Map([['n1', { usage: usage(), heardAt: now - 5000, cpusInUse: 2 }]]),
): JobOfMetrics {
  return { view: viewJob(document), live }
}

function input(changes: Partial<JobMetricsInput> = {}): JobMetricsInput {
  const countByState = { pending: 2, running: 1, completed: 0, failed: 0, cancelled: 0 }
  return { now, jobs: [job()], nodes: [], countByState, totalRuns: 3, ...changes }
}

function linesOf(changes: Partial<JobMetricsInput> = {}, options = defaultJobMetricsOptions): string[] {
  return renderMetrics(jobMetrics(input(changes), options, createDroppedSeries()))
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
}

const about = (lines: readonly string[], word: string) => lines.filter((line) => line.includes(word))

describe('the metrics of jobs', () => {
  it('have the original names and labels, by node and by GPU, with what the agents told last', () => {
    const lines = linesOf()
    expect(about(lines, 'hpc_job')).toEqual([
      'hpc_job_state_total{state="pending"} 2',
      'hpc_job_state_total{state="running"} 1',
      'hpc_job_state_total{state="completed"} 0',
      'hpc_job_state_total{state="failed"} 0',
      'hpc_job_state_total{state="cancelled"} 0',
      'hpc_job_total 3',
      'hpc_job_runtime_seconds{job_id="812",user="ada",node="n1"} 100',
      'hpc_job_runtime_seconds{job_id="812",user="ada",node="n2"} 100',
      'hpc_job_cpu_usage_percent{job_id="812",user="ada",node="n1"} 25',
      `hpc_job_memory_usage_bytes{job_id="812",user="ada",node="n1"} ${3 * gib}`,
      'hpc_job_gpu_usage_percent{job_id="812",user="ada",node="n1"} 45',
      'hpc_job_gpu_device_utilization_percent{job_id="812",node="n1",gpu_vendor="nvidia",gpu_id="GPU-1"} 90',
      'hpc_job_gpu_device_utilization_percent{job_id="812",node="n1",gpu_vendor="nvidia",gpu_id="GPU-2"} 0',
      `hpc_job_gpu_device_memory_used_bytes{job_id="812",node="n1",gpu_vendor="nvidia",gpu_id="GPU-1"} ${70 * gib}`,
      `hpc_job_gpu_device_memory_used_bytes{job_id="812",node="n1",gpu_vendor="nvidia",gpu_id="GPU-2"} ${70 * gib}`,
      'hpc_job_gpu_device_power_watts{job_id="812",node="n1",gpu_vendor="nvidia",gpu_id="GPU-1"} 610.5',
    ])
    expect(lines).toContain(`hpc_exporter_last_collect_timestamp_seconds ${(now - 5000) / 1000}`)
  })

  it("take from the node's readings what the job's do not tell: temperature, and all of a node that is silent", () => {
    const nodes = [
      { node: 'n1', gpus: [{ index: 0, uuid: 'GPU-1', temperatureCelsius: 64, powerWatts: 1 }] },
      { node: 'n2', gpus: [{ index: 0, uuid: 'GPU-9', utilizationPercent: 33 }] },
    ]
    const lines = linesOf({ nodes })
    expect(about(lines, 'device_temperature')).toEqual([
      'hpc_job_gpu_device_temperature_celsius{job_id="812",node="n1",gpu_vendor="nvidia",gpu_id="GPU-1"} 64',
    ])
    expect(about(lines, 'device_power')).toHaveLength(1)
    expect(lines).toContain('hpc_job_gpu_usage_percent{job_id="812",user="ada",node="n2"} 33')
    expect(lines).toContain('navarch_gpu_utilization_percent{node="n2",gpu="GPU-9"} 33')
  })

  it('tell who has a GPU beside values without names of jobs', () => {
    const lines = linesOf()
    const labels = 'job_id="812",user="ada",account="physics",partition="gpu"'
    expect(lines.filter((line) => /^navarch_(gpu|job)_/.test(line))).toEqual([
      'navarch_gpu_utilization_percent{node="n1",gpu="GPU-1"} 90',
      'navarch_gpu_utilization_percent{node="n1",gpu="GPU-2"} 0',
      `navarch_gpu_memory_used_bytes{node="n1",gpu="GPU-1"} ${70 * gib}`,
      `navarch_gpu_memory_used_bytes{node="n1",gpu="GPU-2"} ${70 * gib}`,
      'navarch_gpu_power_watts{node="n1",gpu="GPU-1"} 610.5',
      `navarch_job_info{node="n1",gpu="GPU-1",${labels}} 1`,
      `navarch_job_info{node="n1",gpu="GPU-2",${labels}} 1`,
      `navarch_job_info{node="n2",gpu="GPU-9",${labels}} 1`,
    ])
  })

  it('count the memory of MIG instances once: in their GPU, and by job in what the job has', () => {
    const instances = ['MIG-1', 'part of GPU-1', 'MIG-hook']
    const parents = ['GPU-1', 'GPU-1', undefined]
    const given = instances.map((uuid, at) => {
      const parentUuid = parents[at]
      return { uuid, vendor: 'nvidia' as const, ...(parentUuid !== undefined && { parentUuid }) }
    })
    const at = now - 100_000
    const whole = { user: 'ada', nodes: ['n1'] }
    const parts = instances.map((uuid) => ({ uuid, vendor: 'nvidia' as const, readings: 9, memoryBytes: 9 * gib }))
    const live = new Map([['n1', { usage: usage({ gpus: parts }), heardAt: now }]])
    const lines = linesOf({
      jobs: [job(doc({ whole, started: { n1: { at, gpus: given } } }), live)],
      nodes: [{ node: 'n1', gpus: [{ index: 0, uuid: 'GPU-1', memoryUsedBytes: 28 * gib }] }],
    })
    expect(about(lines, 'navarch_gpu_')).toEqual([`navarch_gpu_memory_used_bytes{node="n1",gpu="GPU-1"} ${28 * gib}`])
    expect(about(lines, 'hpc_job_gpu_device_memory_used_bytes')).toHaveLength(3)
    expect(about(lines, 'navarch_job_info')).toHaveLength(3)
    expect(lines).toContain(`navarch_metrics_max_series ${seriesForFleet({ gpus: 1, nodes: 1 })}`)
  })

  it('leave out what was heard too long ago, and never say 0 for it', () => {
    const heardAt = now - defaultJobMetricsOptions.freshMs - 1
    const lines = linesOf({ jobs: [job(doc(), new Map([['n1', { usage: usage(), heardAt, cpusInUse: 2 }]]))] })
    expect(about(lines, 'usage')).toEqual([])
    expect(about(lines, 'device')).toEqual([])
    expect(about(lines, 'runtime')).toHaveLength(2)
  })

  it('of a job that has just ended are those of its whole run, and go some minutes later', () => {
    const finished = { n1: { at: now - 1000, usage: usage() }, n2: { at: now - 1000 } }
    const jobs = [job(doc({ finished }), new Map())]
    const lines = linesOf({ jobs })
    expect(about(lines, 'navarch_job_info')).toEqual([])
    expect(about(lines, 'hpc_job_').slice(5)).toEqual([
      'hpc_job_total 3',
      'hpc_job_runtime_seconds{job_id="812",user="ada",node="n1"} 99',
      'hpc_job_runtime_seconds{job_id="812",user="ada",node="n2"} 99',
      'hpc_job_cpu_usage_percent{job_id="812",user="ada",node="n1"} 25',
      `hpc_job_memory_usage_bytes{job_id="812",user="ada",node="n1"} ${5 * gib}`,
      'hpc_job_gpu_usage_percent{job_id="812",user="ada",node="n1"} 45',
      'hpc_job_gpu_device_utilization_percent{job_id="812",node="n1",gpu_vendor="nvidia",gpu_id="GPU-1"} 80',
      'hpc_job_gpu_device_utilization_percent{job_id="812",node="n1",gpu_vendor="nvidia",gpu_id="GPU-2"} 10',
      `hpc_job_gpu_device_memory_used_bytes{job_id="812",node="n1",gpu_vendor="nvidia",gpu_id="GPU-2"} ${71 * gib}`,
      'hpc_job_gpu_device_power_watts{job_id="812",node="n1",gpu_vendor="nvidia",gpu_id="GPU-1"} 500',
      'hpc_job_gpu_device_temperature_celsius{job_id="812",node="n1",gpu_vendor="nvidia",gpu_id="GPU-1"} 71',
      'hpc_job_gpu_device_temperature_celsius{job_id="812",node="n1",gpu_vendor="nvidia",gpu_id="GPU-2"} 71',
    ])
    expect(about(linesOf({ jobs, now: now + defaultJobMetricsOptions.keepEndedMs }), '812')).toEqual([])
  })

  it('name a job once when it was requeued: its newest run counts', () => {
    const requeued = job(doc({ supersededAt: now - 50_000 }), new Map())
    const started = { n1: { at: now - 10_000 }, n2: { at: now - 10_000 } }
    for (const jobs of [
      [requeued, job(doc({ restart: 1, started }), new Map())],
      [job(doc({ restart: 1, started }), new Map()), requeued],
    ]) {
      expect(about(linesOf({ jobs }), 'runtime').map((line) => line.split(' ')[1])).toEqual(['10', '10'])
    }
  })

  it('are told under the nodes that speak of a job while nobody has told its nodes', () => {
    const unknown = doc({ whole: { user: 'ada', nodes: [] }, started: { '': { at: now - 100_000 } } })
    expect(about(linesOf({ jobs: [job(unknown)] }), 'hpc_job_cpu')).toEqual([
      'hpc_job_cpu_usage_percent{job_id="812",user="ada",node="n1"} 25',
    ])
  })

  it('show what a client of the API set, under the first node', () => {
    const changed = { at: now, cpuUsage: 12.5, memoryUsageMb: 4 }
    expect(about(linesOf({ jobs: [job(doc({ changed }), new Map())] }), 'usage')).toEqual([
      'hpc_job_cpu_usage_percent{job_id="812",user="ada",node="n1"} 12.5',
      'hpc_job_memory_usage_bytes{job_id="812",user="ada",node="n1"} 4194304',
    ])
  })
})

describe('the metrics of nodes', () => {
  const record = {
    name: 'n1',
    state: { base: 'MIXED', flags: ['DRAIN'] },
    cpus: 64,
    cpuLoad: 31.5,
    memoryMb: 1024,
  } as unknown as NodeRecord
  const agent: FleetNode = {
    ...nodeDocument('n1'),
    lastHeartbeat: now,
    sampledAt: now,
    load: { cpuPercent: 40, memoryPercent: 25 },
    samples: [
      { index: 0, uuid: 'GPU-1', utilizationPercent: 90 },
      { index: 1, uuid: 'GPU-2', utilizationPercent: 30 },
    ],
  }

  it('are those of the agents and of Slurm', () => {
    const nodes = nodesOfMetrics([agent, nodeDocument('n3')], [record], now - 60_000)
    expect(about(linesOf({ nodes }), 'hpc_node')).toEqual([
      'hpc_node_cpu_usage_percent{node="n1"} 40',
      `hpc_node_memory_usage_bytes{node="n1"} ${256 * 1024 ** 2}`,
      'hpc_node_gpu_usage_percent{node="n1"} 60',
      'hpc_node_job_count{node="n1"} 1',
      'hpc_node_job_count{node="n3"} 0',
      'hpc_node_job_count{node="n2"} 1',
      `hpc_node_total_memory_bytes{node="n1"} ${gib}`,
      'hpc_node_total_cpus{node="n1"} 64',
      'hpc_node_cpu_load{node="n1"} 31.5',
      'hpc_node_state{node="n1",state="mixed+drain"} 1',
    ])
  })

  it('leave out readings of an agent that is silent', () => {
    expect(nodesOfMetrics([agent], [], now + 1)).toEqual([{ node: 'n1', gpus: [] }])
  })
})

describe('too many series', () => {
  it('are left out, the least important first, and counted by metric at each scrape', () => {
    const dropped = createDroppedSeries()
    const all = jobMetrics(input(), defaultJobMetricsOptions, dropped).flatMap(({ samples }) => samples).length
    const options = { ...defaultJobMetricsOptions, maxSeries: all - 3 }
    const few = [1, 2].map(() => renderMetrics(jobMetrics(input(), options, dropped)))
    expect(few[0]).toContain('navarch_metrics_dropped_series_total{metric="hpc_job_gpu_device_power_watts"} 1\n')
    expect(few[1]).toContain('navarch_metrics_dropped_series_total{metric="hpc_job_gpu_device_memory_used_bytes"} 2\n')
    expect(about((few[1] ?? '').split('\n'), 'hpc_job_gpu_device_power_watts{')).toEqual([])
  })

  it('have room for all metrics of the machines that there are, and say for how many', () => {
    const gpus = Array.from({ length: 8 }, (_, at) => ({ index: at, uuid: `GPU-${at}`, utilizationPercent: at }))
    const nodes = Array.from({ length: 3 }, (_, at) => ({ node: `n${at + 1}`, gpus }))
    const lines = linesOf({ nodes })
    // One more GPU that only a job tells of.
    expect(lines).toContain(`navarch_metrics_max_series ${seriesForFleet({ gpus: 25, nodes: 3 })}`)
    expect(linesOf({ nodes }, { ...defaultJobMetricsOptions, maxSeries: 7 })).toContain('navarch_metrics_max_series 7')
  })

  it('of one name and the same labels are one, or Prometheus would refuse them all', () => {
    const other = job(doc({ cluster: 'other' }))
    const lines = linesOf({ jobs: [job(), other] })
    expect(about(lines, 'hpc_job_runtime_seconds{')).toHaveLength(2)
    expect(lines).toContain('navarch_metrics_dropped_series_total{metric="hpc_job_runtime_seconds"} 2')
  })
})

describe('the metrics of the store', () => {
  it('count what its operations take and how they fail', async () => {
    let time = 0
    const storage = createStorageMetrics(() => time)
    const store = measured(
      {
        description: 'a store',
        apply: async () => {
          time += 7
          return 'done'
        },
        find: async () => {
          time += 20_000
          throw Object.assign(new Error('no connection to 10.0.0.1'), { code: 'ECONNREFUSED' })
        },
      },
      storage,
    )
    expect(store.description).toBe('a store')
    expect(await store.apply()).toBe('done')
    await store.apply()
    await expect(store.find()).rejects.toThrow('no connection')
    const lines = renderMetrics(storage.metrics()).split('\n')
    const of = (operation: string, success: boolean) => `operation="${operation}",success="${success}"`
    for (const line of [
      '# TYPE storage_operation_duration_seconds histogram',
      `storage_operation_duration_seconds_bucket{${of('apply', true)},le="0.005"} 0`,
      `storage_operation_duration_seconds_bucket{${of('apply', true)},le="0.01"} 2`,
      `storage_operation_duration_seconds_bucket{${of('apply', true)},le="+Inf"} 2`,
      `storage_operation_duration_seconds_sum{${of('apply', true)}} 0.014`,
      `storage_operation_duration_seconds_count{${of('apply', true)}} 2`,
      `storage_operation_duration_seconds_bucket{${of('find', false)},le="10"} 0`,
      `storage_operation_duration_seconds_count{${of('find', false)}} 1`,
      'storage_operation_errors_total{operation="find",error_type="ECONNREFUSED"} 1',
    ]) {
      expect(lines).toContain(line)
    }
  })
})

const promtool = spawnSync('promtool', ['--version']).error ? 'promtool is not installed' : undefined

it.skipIf(promtool)(
  `promtool finds nothing to say of any of them${promtool ? ` (skipped: ${promtool})` : ''}`,
  async () => {
    const storage = createStorageMetrics(() => 0)
    await storage.time('apply', async () => undefined)
    await storage.time('find', () => Promise.reject(new Error())).catch(() => undefined)
    const nodes = nodesOfMetrics([nodeDocument('n1')], [], now)
    const metrics = jobMetrics(input({ nodes }), { ...defaultJobMetricsOptions, maxSeries: 20 }, createDroppedSeries())
    const checked = spawnSync('promtool', ['check', 'metrics'], {
      input: renderMetrics([...metrics, ...storage.metrics()]),
      encoding: 'utf8',
      timeout: 20_000,
    })
    expect(checked.stdout + checked.stderr).toBe('')
    expect(checked.status).toBe(0)
  },
)
