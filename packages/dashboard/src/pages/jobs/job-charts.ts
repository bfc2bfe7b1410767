import type { JobReportJson, JobSeriesJson, SeriesLineJson } from '@navarch/api/jobs'
import type { ChartBand, ChartLine, ChartSpec, TimeRange } from '../../charts/chart-spec.ts'
import { formatByteRate, formatBytes, formatNumber, formatPercent } from '../../lib/format.ts'

export interface NamedChart {
  key: string
  title: string
  spec: ChartSpec
}

const palette = ['--chart-1', '--chart-2', '--chart-3', '--chart-4', '--chart-5', '--chart-6', '--chart-7', '--chart-8']

/** Width of a fault's band, ms: it happened at one moment, and must be seen. */
const faultMs = 1000

/** Charts of the job's hosts: CPU, memory, and what else was measured, a line for each node. */
export function hostCharts(series: JobSeriesJson, bands: readonly ChartBand[]): NamedChart[] {
  const metrics = [
    { metric: 'cpu_percent', title: 'CPU, of what it has', unit: '%', format: formatPercent, max: 100 },
    { metric: 'memory_bytes', title: 'Memory', unit: 'bytes', format: formatBytes },
    { metric: 'read_bytes_per_second', title: 'Read from disks', unit: 'bytes/s', format: formatByteRate },
    { metric: 'write_bytes_per_second', title: 'Written to disks', unit: 'bytes/s', format: formatByteRate },
  ]
  return metrics.flatMap(({ metric, title, ...rest }) => {
    const lines = series.lines.filter((line) => line.metric === metric && line.gpu_uuid === undefined)
    if (lines.every(({ values }) => values.every((value) => value === null))) return []
    const drawn = lines.map((line, index) => lineOf(line, line.node, index))
    return [{ key: metric, title, spec: { times: series.times, lines: drawn, bands, ...rest } }]
  })
}

/** One small chart for each GPU, all of one scale: use, and memory as a share of what it has. The words of bands stand in the large ones. */
export function gpuCharts(series: JobSeriesJson, report: JobReportJson, bands: readonly ChartBand[]): NamedChart[] {
  const reports = gpusOf(report)
  const wordless = bands.map((band) => ({ ...band, text: '' }))
  const gpus = new Map<string, { node: string; uuid: string; lines: SeriesLineJson[] }>()
  for (const line of series.lines) {
    if (line.gpu_uuid === undefined) continue
    const known = gpus.get(line.gpu_uuid)
    if (known) known.lines.push(line)
    else gpus.set(line.gpu_uuid, { node: line.node, uuid: line.gpu_uuid, lines: [line] })
  }
  return [...gpus.values()]
    .map(({ node, uuid, lines }) => {
      const about = reports.get(uuid)
      const drawn = lines.flatMap((line): ChartLine[] => {
        if (line.metric === 'gpu_utilization_percent') return [lineOf(line, 'use', 0)]
        const total = about?.memory_total_bytes
        if (line.metric !== 'gpu_memory_bytes' || !total) return []
        const share = line.values.map((value) => (value === null ? null : (value / total) * 100))
        return [lineOf({ ...line, values: share }, 'memory', 1)]
      })
      const title = `${node}, GPU ${about?.index ?? uuid}`
      return {
        key: uuid,
        title,
        spec: { times: series.times, lines: drawn, unit: '%', max: 100, format: formatPercent, bands: wordless },
      }
    })
    .sort((a, b) => a.title.localeCompare(b.title, 'en', { numeric: true }))
}

function gpusOf({ nodes }: JobReportJson) {
  return new Map(nodes.flatMap(({ gpus }) => gpus.map((gpu) => [gpu.uuid, gpu] as const)))
}

/** Power and temperature of all GPUs, a line each. */
export function gpuHeatCharts(series: JobSeriesJson, report: JobReportJson, bands: readonly ChartBand[]): NamedChart[] {
  const reports = gpusOf(report)
  const metrics = [
    { metric: 'gpu_power_watts', title: 'GPU power', unit: 'W', format: (value: number) => `${formatNumber(value)} W` },
    {
      metric: 'gpu_temperature_celsius',
      title: 'GPU temperature',
      unit: '°C',
      format: (value: number) => `${Math.round(value)} °C`,
    },
  ]
  return metrics.flatMap(({ metric, title, ...rest }) => {
    const lines = series.lines.filter((line) => line.metric === metric)
    if (lines.length === 0) return []
    const drawn = lines
      .map((line) => ({ line, label: `${line.node} GPU ${reports.get(line.gpu_uuid ?? '')?.index ?? line.gpu_uuid}` }))
      .sort((a, b) => a.label.localeCompare(b.label, 'en', { numeric: true }))
      .map(({ line, label }, index) => lineOf(line, label, index))
    return [{ key: metric, title, spec: { times: series.times, lines: drawn, bands, ...rest } }]
  })
}

function lineOf(line: SeriesLineJson, label: string, index: number): ChartLine {
  return { label, values: line.values, color: palette[index % palette.length] ?? '--chart-1' }
}

/** Only what a person must look into is red. */
const tones: Record<JobReportJson['verdict']['cause'], ChartBand['tone']> = {
  none: 'info',
  cancelled: 'info',
  code: 'mending',
  limit: 'mending',
  scheduler: 'mending',
  hardware: 'act',
  unknown: 'unknown',
}

/** Faults and what ended the job, from the verdict's evidence. Nothing where nothing went wrong: an end as it should be is no news. */
export function bandsOf({ verdict }: Pick<JobReportJson, 'verdict'>): ChartBand[] {
  if (verdict.cause === 'none') return []
  return verdict.evidence.flatMap(({ at, text, node }) => {
    if (at === undefined) return []
    const from = Date.parse(at)
    const short = text.length > 28 ? `${text.slice(0, 27)}…` : text
    return [
      { from, to: from + faultMs, text: node === undefined ? short : `${node}: ${short}`, tone: tones[verdict.cause] },
    ]
  })
}

/**
 * The whole run, from its beginning to its end or its newest reading: what was seen at the end is often behind the last reading.
 * @returns undefined when nothing was read
 */
export function rangeOf(
  { times }: Pick<JobSeriesJson, 'times'>,
  { start_time, end_time }: Pick<JobReportJson['job'], 'start_time' | 'end_time'>,
): TimeRange | undefined {
  const [first] = times
  const last = times.at(-1)
  if (first === undefined || last === undefined) return undefined
  const began = Date.parse(start_time ?? '')
  return {
    from: Number.isNaN(began) ? first : Math.min(first, began),
    to: end_time === undefined ? last : Math.max(last, Date.parse(end_time) + faultMs),
  }
}
