import type { JobJson, JobReportJson, NodeReportJson } from '@navarch/api/jobs'
import { formatAge } from './age.ts'
import { nodeList } from './job-words.ts'
import { bar, formatBytes, formatCpuTime, formatDuration, formatHours, formatPercent } from './quantity.ts'
import { paint, type Tone, word } from './style.ts'
import { type Cell, type Column, printable, renderFields, renderTable, type TableOptions } from './table.ts'

/** One job as people read it: what it is, what came of it, what it used, what to change. */
export function describeJob(report: JobReportJson, now: number, options: TableOptions): string {
  const { job, nodes } = report
  const gpus = nodes.flatMap((node) => node.gpus.map((gpu) => ({ ...gpu, node: node.node })))
  return [
    renderFields(identity(job, now), options),
    verdict(report, options),
    job.state === 'pending' ? '' : efficiency(report),
    nodes.length > 0 ? renderTable(nodeColumns, nodes, options) : '',
    gpus.length > 0 ? renderTable(gpuColumns, gpus, options) : '',
    notes(report, options),
  ]
    .filter((part) => part !== '')
    .join('\n')
}

function identity(job: JobJson, now: number): [string, Cell][] {
  const array =
    job.array_job_id === undefined
      ? ''
      : `, ${isOneTask(job) ? 'task' : 'tasks'} ${job.array_task_id} of array ${job.array_job_id}`
  const het = job.het_job_id === undefined ? '' : `, component ${job.het_offset} of ${job.het_job_id}`
  const run = job.restart > 0 ? `, run ${job.restart + 1}` : ''
  const scheduler = job.scheduler
  const place = [scheduler?.partition, scheduler?.account, scheduler?.qos].filter(Boolean).join(', ')
  return [
    ['Job', `${job.id}${array}${het}${run}${job.name ? `, ${job.name}` : ''}`],
    ['User', job.user],
    ['Partition', place || '-'],
    ['State', stateOf(job)],
    ['Nodes', nodeList(job.nodes) || '-'],
    ...times(job, now),
  ]
}

function times(job: JobJson, now: number): [string, Cell][] {
  const at = (time: string) => `${time.replace(/\.\d+Z$/, 'Z')} (${formatAge(time, now)})`
  if (job.state === 'pending') {
    const submitted = job.scheduler?.submit_time
    return [
      ['Submitted', submitted === undefined ? unknown : at(submitted)],
      ['Asks for', asks(job) || unknown],
    ]
  }
  return [
    ['Started', job.start_time === null ? unknown : at(job.start_time)],
    ...(job.end_time === undefined ? [] : [['Ended', at(job.end_time)] satisfies [string, Cell]]),
    ['Time', formatDuration(job.runtime_seconds)],
  ]
}

/** "2 nodes, 16 GPUs, 64 CPUs, 512.0 GiB, 04:00:00"; of an array's tasks each. What is not known is left out. */
function asks(job: JobJson): string {
  const minutes = job.scheduler?.time_limit_minutes
  const some = (count: number | undefined, one: string) => (count ? [`${count} ${one}${count === 1 ? '' : 's'}`] : [])
  const parts = [
    ...some(job.requested_nodes, 'node'),
    ...some(job.requested_gpus, 'GPU'),
    ...some(job.requested_cpus, 'CPU'),
    ...(job.requested_memory_mb ? [formatBytes(job.requested_memory_mb * 1024 ** 2)] : []),
    ...(minutes === undefined ? [] : [formatDuration(minutes * 60)]),
  ]
  return `${parts.join(', ')}${parts.length > 0 && !isOneTask(job) ? ', each task' : ''}`
}

/** False of the tasks of an array that wait, which are one job. */
function isOneTask({ array_task_id: tasks }: JobJson): boolean {
  return tasks === undefined || /^\d+$/.test(tasks)
}

function stateOf(job: JobJson): Cell {
  const raw = job.scheduler?.raw_state
  const said = raw && raw.toLowerCase() !== job.state ? ` (${raw})` : ''
  const doubt = !job.confirmed && job.end_time !== undefined ? ', not confirmed by Slurm yet' : ''
  const known = word(job.state)
  const text = `${job.state}${said}${doubt}`
  return typeof known === 'string' ? text : { ...known, text }
}

const causeTones: Record<JobReportJson['verdict']['cause'], Tone> = {
  none: 'good',
  code: 'warning',
  hardware: 'bad',
  limit: 'warning',
  cancelled: 'warning',
  scheduler: 'warning',
  unknown: 'unknown',
}

function verdict({ verdict: { cause, sentence, confidence, evidence } }: JobReportJson, options: TableOptions): string {
  const sure = cause === 'none' ? '' : ` (${confidence})`
  const lines = evidence.map(({ at, node, source, text }) =>
    printable(['  ', at, node, `${source}: ${text}`].filter(Boolean).join('  ')),
  )
  return `${[paint(printable(sentence) + sure, causeTones[cause], options.colour), ...lines].join('\n')}\n`
}

const barWidth = 30

function efficiency({ efficiency: used }: JobReportJson): string {
  const rows: [label: string, percent: number | undefined, detail: string][] = [
    ['CPU', used.cpu, used.cpu_seconds === undefined ? '' : `${formatCpuTime(used.cpu_seconds)} of CPU time`],
    ['Memory', used.memory, memoryDetail(used)],
    ['GPU', used.gpu, used.gpu_hours === undefined ? '' : `${formatHours(used.gpu_hours)} GPU hours`],
    ['GPU memory', used.gpu_memory, ''],
    [
      'Time',
      timePercent(used),
      used.time_limit_seconds === undefined ? '' : `limit ${formatDuration(used.time_limit_seconds)}`,
    ],
  ]
  return rows
    .filter(([label, percent]) => percent !== undefined || label === 'CPU' || label === 'Memory')
    .map(([label, percent, detail]) => {
      const drawn = percent === undefined ? ''.padEnd(barWidth + 2) : bar(percent, barWidth)
      return `${label.padEnd(10)}  ${drawn}  ${formatPercent(percent).padStart(7)}  ${detail}`.trimEnd().concat('\n')
    })
    .join('')
}

function memoryDetail({ memory_max_bytes: most, memory_allocated_bytes: limit }: JobReportJson['efficiency']): string {
  if (most === undefined) return ''
  return limit === undefined ? `${formatBytes(most)} at most` : `${formatBytes(most)} of ${formatBytes(limit)}`
}

function timePercent({ walltime_seconds: time, time_limit_seconds: limit }: JobReportJson['efficiency']) {
  return time === undefined || !limit ? undefined : (time / limit) * 100
}

const unknown = { text: 'unknown', tone: 'unknown' } as const
const optional = (value: number | undefined, format: (value: number) => string): Cell =>
  value === undefined ? unknown : format(value)

const nodeColumns: Column<NodeReportJson>[] = [
  { header: 'NODE', cell: (node) => node.node },
  { header: 'CPU', cell: (node) => optional(node.cpu_percent, formatPercent), right: true },
  { header: 'CPU-TIME', cell: (node) => optional(node.cpu_seconds, formatCpuTime), right: true },
  { header: 'MEMORY', cell: (node) => optional(node.memory_max_bytes, formatBytes), right: true },
  {
    header: 'LIMIT',
    cell: (node) => (node.memory_limit_bytes === undefined ? '-' : formatBytes(node.memory_limit_bytes)),
    right: true,
  },
  { header: 'IO-WAIT', cell: (node) => optional(node.io_stall_percent, formatPercent), right: true },
  { header: 'OOM', cell: (node) => optional(node.oom_kills, String), right: true },
  {
    header: 'EXIT',
    cell: (node) => (node.signal ? `signal ${node.signal}` : String(node.exit_code ?? '-')),
    right: true,
  },
  { header: 'SOURCE', cell: (node) => node.source },
]

const gpuColumns: Column<NodeReportJson['gpus'][number] & { node: string }>[] = [
  { header: 'NODE', cell: (gpu) => gpu.node },
  { header: 'GPU', cell: (gpu) => String(gpu.index ?? '-'), right: true },
  { header: 'MODEL', cell: (gpu) => gpu.model ?? '-' },
  { header: 'UTIL', cell: (gpu) => optional(gpu.utilization_mean, formatPercent), right: true },
  { header: 'PEAK', cell: (gpu) => optional(gpu.utilization_max, formatPercent), right: true },
  { header: 'MEMORY', cell: (gpu) => optional(gpu.memory_max_bytes, formatBytes), right: true },
  { header: 'POWER', cell: (gpu) => optional(gpu.power_watts_mean, (watts) => `${Math.round(watts)} W`), right: true },
  { header: 'HOTTEST', cell: (gpu) => optional(gpu.temperature_max, (celsius) => `${celsius} °C`), right: true },
  { header: 'THROTTLED', cell: (gpu) => optional(gpu.throttled_seconds, formatDuration), right: true },
  { header: 'UUID', cell: (gpu) => gpu.uuid },
]

function notes(report: JobReportJson, options: TableOptions): string {
  return report.notes
    .map(({ severity, text, flag }) =>
      paint(
        `* ${printable(text)}${flag ? ` (${flag})` : ''}`,
        severity === 'warning' ? 'warning' : undefined,
        options.colour,
      ),
    )
    .map((line) => `${line}\n`)
    .join('')
}
