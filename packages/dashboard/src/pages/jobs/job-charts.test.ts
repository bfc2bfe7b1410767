import type { JobReportJson, JobSeriesJson } from '@navarch/api/jobs'
import { describe, expect, it } from 'vitest'
import { bandsOf, gpuCharts, gpuHeatCharts, hostCharts, rangeOf } from './job-charts.ts'

const gib = 1024 ** 3
const series: JobSeriesJson = {
  job_id: '812',
  run_id: '812-r0',
  from: '2026-01-01T00:00:00Z',
  to: '2026-01-01T00:01:00Z',
  times: [0, 15_000],
  step_seconds: 15,
  lines: [
    { node: 'n1', metric: 'cpu_percent', unit: 'percent', values: [50, null] },
    { node: 'n2', metric: 'cpu_percent', unit: 'percent', values: [60, 70] },
    { node: 'n1', metric: 'memory_bytes', unit: 'bytes', values: [null, null] },
    { node: 'n1', gpu_uuid: 'GPU-b', metric: 'gpu_utilization_percent', unit: 'percent', values: [90, 95] },
    { node: 'n1', gpu_uuid: 'GPU-b', metric: 'gpu_memory_bytes', unit: 'bytes', values: [40 * gib, null] },
    { node: 'n1', gpu_uuid: 'GPU-a', metric: 'gpu_power_watts', unit: 'watts', values: [300, 310] },
  ],
}
const report = {
  nodes: [
    {
      node: 'n1',
      source: 'cgroup-v2',
      gpus: [
        { uuid: 'GPU-a', vendor: 'nvidia', index: 0 },
        { uuid: 'GPU-b', vendor: 'nvidia', index: 10, memory_total_bytes: 80 * gib },
      ],
    },
  ],
  verdict: {
    cause: 'hardware',
    sentence: '',
    confidence: 'certain',
    evidence: [
      {
        at: '2026-01-01T00:00:30Z',
        node: 'n1',
        source: 'kernel-log',
        text: 'NVRM: Xid 79, GPU has fallen off the bus.',
      },
      { source: 'slurm', text: 'NODE_FAIL' },
    ],
  },
} as unknown as JobReportJson

describe('the charts of a job', () => {
  it('have a line for each node, and none for what nobody measured', () => {
    const charts = hostCharts(series, [])
    expect(charts.map(({ title }) => title)).toEqual(['CPU, of what it has'])
    expect(charts[0]?.spec.lines.map(({ label, values }) => [label, values])).toEqual([
      ['n1', [50, null]],
      ['n2', [60, 70]],
    ])
  })
  it('have one small chart for each GPU, by index, memory as a share of what it has', () => {
    const charts = gpuCharts(series, report, [])
    expect(charts.map(({ title }) => title)).toEqual(['n1, GPU 0', 'n1, GPU 10'])
    expect(charts[1]?.spec.lines.map(({ label, values }) => [label, values])).toEqual([
      ['use', [90, 95]],
      ['memory', [50, null]],
    ])
  })
  it('show power where it was read', () => {
    expect(gpuHeatCharts(series, report, []).map(({ title }) => title)).toEqual(['GPU power'])
  })
  it('name each GPU by its node and place', () => {
    expect(gpuHeatCharts(series, report, [])[0]?.spec.lines.map(({ label }) => label)).toEqual(['n1 GPU 0'])
  })
  it('have rates with their unit', () => {
    const lines = [
      { node: 'n1', metric: 'read_bytes_per_second', unit: 'bytes_per_second' as const, values: [1024 ** 2] },
    ]
    const [chart] = hostCharts({ ...series, times: [0], lines }, [])
    expect(chart?.spec.format(1024 ** 2)).toBe('1.0 MiB/s')
  })
  it('mark faults at their time, and none without one', () => {
    expect(bandsOf(report)).toEqual([
      { from: 1767225630000, to: 1767225631000, text: 'n1: NVRM: Xid 79, GPU has falle…', tone: 'act' },
    ])
  })
  it('mark in red only what a person must look into', () => {
    const verdict = { ...report.verdict, cause: 'cancelled' as const }
    expect(bandsOf({ verdict }).map(({ tone }) => tone)).toEqual(['info'])
    expect(bandsOf({ verdict: { ...verdict, cause: 'none' } })).toEqual([])
  })
  it('show the whole run: what was seen at its end is behind the last reading', () => {
    const start_time = '1969-12-31T23:59:50Z'
    expect(rangeOf(series, { start_time, end_time: '1970-01-01T00:00:20Z' })).toEqual({ from: -10_000, to: 21_000 })
    expect(rangeOf(series, { start_time })).toEqual({ from: -10_000, to: 15_000 })
    expect(rangeOf({ times: [] }, { start_time })).toBeUndefined()
  })
})
