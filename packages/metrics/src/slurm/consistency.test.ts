import { describe, expect, it } from 'vitest'
import {
  capturedSnapshot,
  emptySnapshot,
  job,
  metricsOf,
  node,
  partition,
  valuesOf,
} from '../../test/slurm-snapshots.ts'
import type { Metric } from '../exposition.ts'
import { checkFigures } from './consistency.ts'

/** The checks that fail when one metric's values are changed. */
function failuresWith(name: string, change: (value: number) => number): string[] {
  const snapshot = {
    ...emptySnapshot(),
    nodes: [node('n1', 'Gres=gpu:4 GresUsed=gpu:1', 'MIXED')],
    jobs: [job(1, 'RUNNING'), job(2, 'PENDING', 'Reason=Priority')],
    partitions: [partition('gpu', 8)],
  }
  const metrics = metricsOf(snapshot).map(
    (metric): Metric =>
      metric.name === name
        ? { ...metric, samples: metric.samples.map((sample) => ({ ...sample, value: change(sample.value) })) }
        : metric,
  )
  return checkFigures(metrics, snapshot, new Map()).flatMap((check) => (check.holds ? [] : [check.name]))
}

describe('checkFigures', () => {
  it('finds nothing wrong where all agrees', () => {
    expect(failuresWith('slurm_nodes_total', (value) => value)).toEqual([])
  })

  it.each([
    ['slurm_nodes_mix', ['nodes']],
    ['slurm_nodes_total', ['nodes', 'nodes_listed']],
    ['slurm_cpus_idle', ['cpus']],
    ['slurm_node_cpu_total', ['node_cpus']],
    ['slurm_gpus_other', ['gpus']],
    ['slurm_node_gres_total', ['gres']],
    ['slurm_queue_jobs', ['queue']],
    ['slurm_queue_pending_reason', ['pending_reasons']],
    ['slurm_user_jobs_running', ['users']],
    ['slurm_account_jobs_pending', ['accounts']],
    ['slurm_partition_cpus_total', ['partitions']],
  ])('sees that %s is not what the others say', (name, failed) => {
    expect(failuresWith(name, (value) => value + 1)).toEqual(failed)
  })

  it('sees a figure below 0', () => {
    expect(failuresWith('slurm_node_mem_total', () => -1)).toEqual(['none_negative'])
  })

  it('sees nodes that have more in use than they have', () => {
    const metrics = metricsOf({ nodes: [node('n1', 'Gres=gpu:4 GresUsed=gpu:5')] })
    expect(valuesOf(metrics, 'slurm_exporter_check_failed')).toMatchObject({ none_negative: 1 })
    expect(valuesOf(metrics, 'slurm_exporter_consistent')).toEqual({ '': 0 })
  })

  it('sees records that could not be read', () => {
    const metrics = metricsOf({ problems: [{ kind: 'job', message: 'a job with 3 fields' }] })
    expect(valuesOf(metrics, 'slurm_exporter_check_failed')).toMatchObject({ records: 1 })
    expect(valuesOf(metrics, 'slurm_exporter_unreadable_records')).toMatchObject({ job: 1, node: 0 })
  })

  it('does not take the partitions of a release that hides nodes for wrong', () => {
    const snapshot = capturedSnapshot('22.05')
    const nodes = snapshot.nodes.filter(({ name }) => !name.startsWith('cloud'))
    expect(valuesOf(metricsOf({ ...snapshot, nodes }), 'slurm_exporter_consistent')).toEqual({ '': 1 })
    const newer = capturedSnapshot('26.05')
    const fewer = newer.nodes.filter(({ name }) => !name.startsWith('cloud'))
    expect(valuesOf(metricsOf({ ...newer, nodes: fewer }), 'slurm_exporter_check_failed')).toMatchObject({
      partitions: 1,
    })
  })
})
