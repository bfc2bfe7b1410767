import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import {
  capturedSnapshot,
  job,
  metricsOf,
  node,
  noon,
  partition,
  releases,
  valuesOf,
} from '../../test/slurm-snapshots.ts'
import { renderMetrics } from '../exposition.ts'

const promtool = spawnSync('promtool', ['--version']).error ? 'promtool is not installed' : undefined

describe('figures of nodes', () => {
  it('count each node in one state, by the word that sinfo has for it', () => {
    const states = [
      'IDLE',
      'IDLE*+DRAIN',
      'MIXED+DRAIN',
      'MIXED',
      'DOWN*',
      'ALLOCATED',
      'IDLE+PLANNED',
      'IDLE+CLOUD+POWERED_DOWN',
    ]
    const metrics = metricsOf({ nodes: states.map((state, n) => node(`n${n}`, '', state)) })
    const count = (name: string) => valuesOf(metrics, `slurm_nodes_${name}`)?.['']
    expect(['total', 'idle', 'drain', 'mix', 'down', 'alloc', 'planned', 'fail'].map(count)).toEqual([
      8, 2, 2, 1, 1, 1, 1, 0,
    ])
    expect(valuesOf(metrics, 'slurm_nodes_flagged')).toMatchObject({ drain: 2, powered_down: 1, not_responding: 2 })
  })

  it('have the other names of a state too', () => {
    const metrics = metricsOf({
      nodes: [node('n1', '', 'MIXED'), node('n2', '', 'ALLOCATED'), node('n3', '', 'IDLE+RESERVED')],
    })
    for (const name of ['mix', 'mixed', 'alloc', 'allocated', 'resv', 'reserved'])
      expect(valuesOf(metrics, `slurm_nodes_${name}`)).toEqual({ '': 1 })
  })

  it('count no FUTURE names but as what they are', () => {
    const metrics = metricsOf({ nodes: [node('n1'), node('f1', '', 'FUTURE')] })
    expect(valuesOf(metrics, 'slurm_nodes_total')).toEqual({ '': 1 })
    expect(valuesOf(metrics, 'slurm_nodes_future')).toEqual({ '': 1 })
    expect(valuesOf(metrics, 'slurm_node_cpu_total')).toEqual({ 'n1 idle': 8 })
  })

  it('call CPUs and GPUs that cannot be used other, not idle', () => {
    const gpus = (used: number) => `Gres=gpu:4 GresUsed=gpu:${used} CPUAlloc=${used}`
    const nodes = [node('n1', gpus(1), 'MIXED'), node('n2', gpus(2), 'MIXED+DRAIN'), node('n3', gpus(0), 'DOWN')]
    const metrics = metricsOf({ nodes })
    const four = (name: string) =>
      ['alloc', 'idle', 'other', 'total'].map((end) => valuesOf(metrics, `slurm_${name}_${end}`)?.[''])
    expect(four('cpus')).toEqual([3, 7, 14, 24])
    expect(four('gpus')).toEqual([3, 3, 6, 12])
    expect(valuesOf(metrics, 'slurm_gpus_utilization')).toEqual({ '': 0.25 })
    expect(valuesOf(metrics, 'slurm_node_cpu_other')).toEqual({ 'n1 mixed': 0, 'n2 draining': 6, 'n3 down': 8 })
  })

  it('tell typed GPUs, MIG instances and shards apart', () => {
    const nodes = [
      node('n1', 'Gres=gpu:h100:4,gpu:a100:4 GresUsed=gpu:h100:3(IDX:0-2),gpu:a100:0(IDX:N/A)', 'MIXED'),
      node('n2', 'Gres=gpu:1g.10gb:7,shard:h100:16(S:0-1) GresUsed=gpu:1g.10gb:2(IDX:0,3),shard:h100:5(5/16)', 'MIXED'),
    ]
    const metrics = metricsOf({ nodes })
    expect(valuesOf(metrics, 'slurm_node_gres_total')).toEqual({
      'n1 gpu:h100 gpu h100': 4,
      'n1 gpu:a100 gpu a100': 4,
      'n2 gpu:1g.10gb gpu 1g.10gb': 7,
      'n2 shard:h100 shard h100': 16,
    })
    expect(valuesOf(metrics, 'slurm_gres_used')).toEqual({
      'gpu h100': 3,
      'gpu a100': 0,
      'gpu 1g.10gb': 2,
      'shard h100': 5,
    })
    expect(valuesOf(metrics, 'slurm_gpus_total')).toEqual({ '': 15 })
  })

  it('know the type of what is in use where Slurm leaves it out, and no resources that a node does not have', () => {
    const metrics = metricsOf({ nodes: [node('n1', 'Gres=gpu:h100:4 GresUsed=gpu:(null):2(IDX:0-1),shard:0')] })
    expect(valuesOf(metrics, 'slurm_node_gres_used')).toEqual({ 'n1 gpu:h100 gpu h100': 2 })
  })

  it('have no GPUs in use where Slurm does not say how many, and never 0', () => {
    const metrics = metricsOf({ nodes: [node('n1', 'Gres=gpu:4')] })
    expect(valuesOf(metrics, 'slurm_gpus_total')).toEqual({ '': 4 })
    for (const name of [
      'slurm_gpus_alloc',
      'slurm_gpus_idle',
      'slurm_gres_used',
      'slurm_gpus_utilization',
      'slurm_node_gpu_alloc',
    ])
      expect(valuesOf(metrics, name)).toBeUndefined()
  })

  it('tell why a node is out of service, by whom and for how long', () => {
    const reason = `Reason=fan 3\tbroken ${'x'.repeat(200)} [ops@2026-11-21T11:00:00]`
    const metrics = metricsOf({
      nodes: [node('n1', reason, 'IDLE+DRAIN'), node('n2', 'Reason=old [ops@2026-11-21T11:00:00]')],
    })
    const [labels] = Object.keys(valuesOf(metrics, 'slurm_node_drain_reason_info') ?? {})
    expect(labels).toMatch(/^n1 drained fan 3 broken x{86}… ops$/)
    expect(valuesOf(metrics, 'slurm_node_drain_age_seconds')).toEqual({ n1: 3600 })
    expect(valuesOf(metrics, 'slurm_node_drain_since_timestamp_seconds')).toEqual({ n1: noon / 1000 - 3600 })
  })

  it('leave out reasons over the limit, and say how many', () => {
    const nodes = Array.from({ length: 1003 }, (_, n) =>
      node(`n${n}`, 'Reason=maintenance [ops@2026-11-21T11:00:00]', 'DOWN'),
    )
    const metrics = metricsOf({ nodes })
    expect(Object.keys(valuesOf(metrics, 'slurm_node_drain_reason_info') ?? {})).toHaveLength(1000)
    expect(valuesOf(metrics, 'slurm_exporter_dropped_series')).toEqual({ drain_reasons: 3 })
  })
})

describe('figures of jobs', () => {
  const jobs = [
    job(1, 'RUNNING', 'NumCPUs=4 TresPerNode=gres/gpu:2 NumNodes=2 AllocTRES=cpu=4,mem=2G,node=2'),
    job(2, 'RUNNING', 'UserId=bob(2) Account=chem TresPerJob=gres/gpu:h100:3'),
    job(
      3,
      'PENDING',
      'ArrayJobId=3 ArrayTaskId=1-100%5 Reason=Resources Partition=gpu,cpu TresPerTask=gres/gpu:1 NumTasks=2 NumCPUs=2',
    ),
    job(4, 'PENDING', 'Reason=Dependency'),
    job(5, 'SUSPENDED'),
    job(6, 'COMPLETING', 'UserId=bob(2)'),
  ]
  const finished = [job(7, 'COMPLETED', 'EndTime=2026-11-21T11:59:00'), job(8, 'NODE_FAIL')]
  const metrics = metricsOf({ jobs, finished, partitions: [partition('gpu', 0), partition('cpu', 0)] })

  it('count the tasks of an array one by one', () => {
    const count = (name: string) => valuesOf(metrics, `slurm_queue_${name}`)?.['']
    expect(count('pending')).toBe(101)
    expect(count('pending_dependency')).toBe(1)
    expect(['running', 'suspended', 'completing', 'completed', 'node_fail', 'failed'].map(count)).toEqual([
      2, 1, 1, 1, 1, 0,
    ])
    expect(valuesOf(metrics, 'slurm_queue_pending_reason')).toEqual({ Resources: 100, Dependency: 1 })
    expect(count('records')).toBe(8)
  })

  it('tell jobs, CPUs, GPUs and memory by account and by user', () => {
    expect(valuesOf(metrics, 'slurm_account_jobs_running')).toEqual({ physics: 1, chem: 1 })
    expect(valuesOf(metrics, 'slurm_user_jobs_pending')).toEqual({ ada: 101, bob: 0 })
    expect(valuesOf(metrics, 'slurm_user_cpus_running')).toEqual({ ada: 4, bob: 1 })
    expect(valuesOf(metrics, 'slurm_user_gpus_running')).toEqual({ ada: 4, bob: 3 })
    expect(valuesOf(metrics, 'slurm_user_gpus_pending')).toEqual({ ada: 200, bob: 0 })
    expect(valuesOf(metrics, 'slurm_user_memory_running_bytes')).toEqual({ ada: 2 * 1024 ** 3, bob: 0 })
  })

  it('count a job that waits for two partitions in both', () => {
    expect(valuesOf(metrics, 'slurm_partition_jobs_pending')).toEqual({ gpu: 101, cpu: 100 })
    expect(valuesOf(metrics, 'slurm_partition_jobs_running')).toEqual({ gpu: 2, cpu: 0 })
  })
})

describe('figures of the scheduler', () => {
  it('are those of sdiag, and without it there is none', () => {
    const metrics = metricsOf(capturedSnapshot('26.05'))
    expect(valuesOf(metrics, 'slurm_scheduler_threads')).toEqual({ '': 1 })
    expect(valuesOf(metrics, 'slurm_scheduler_last_cycle')).toEqual({ '': 45 })
    expect(valuesOf(metrics, 'slurm_scheduler_backfill_last_cycle')).toEqual({ '': 488 })
    expect(valuesOf(metrics, 'slurm_scheduler_backfill_depth_mean')).toEqual({ '': 11 })
    expect(valuesOf(metrics, 'slurm_scheduler_backfilled_heterogeneous_total')).toEqual({ '': 2 })
    expect(valuesOf(metrics, 'slurm_rpc_stats')).toMatchObject({ REQUEST_NODE_INFO: 15 })
    expect(valuesOf(metrics, 'slurm_user_rpc_stats_total_time')).toEqual({ root: 27659 })
    const without = metricsOf({})
    expect(without.filter(({ name, samples }) => name.startsWith('slurm_scheduler_') && samples.length > 0)).toEqual([])
  })
})

describe.each(releases)('figures of real daemons, Slurm %s', (release) => {
  const snapshot = capturedSnapshot(release)
  const metrics = metricsOf(snapshot)

  it('agree with each other', () => {
    const failed = Object.entries(valuesOf(metrics, 'slurm_exporter_check_failed') ?? {}).filter(
      ([, value]) => value !== 0,
    )
    expect(failed).toEqual([])
    expect(valuesOf(metrics, 'slurm_exporter_consistent')).toEqual({ '': 1 })
  })

  it('have no series twice', () => {
    for (const { name, samples } of metrics) {
      const keys = samples.map(({ labels = {} }) => JSON.stringify(labels))
      expect(new Set(keys).size, name).toBe(keys.length)
    }
    expect(new Set(metrics.map(({ name }) => name)).size).toBe(metrics.length)
  })

  it.skipIf(promtool)(`leave promtool silent${promtool ? ` (skipped: ${promtool})` : ''}`, () => {
    const checked = spawnSync('promtool', ['check', 'metrics'], { input: renderMetrics(metrics), encoding: 'utf8' })
    expect(checked.stderr + checked.stdout).toBe('')
    expect(checked.status).toBe(0)
  })
})
