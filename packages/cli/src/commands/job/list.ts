import type { JobJson, JobListJson } from '@navarch/api/jobs'
import type { CommandContext } from '../../context.ts'
import { formatDuration, formatPercent } from '../../output/quantity.ts'
import { word } from '../../output/style.ts'
import { type Column, renderTable } from '../../output/table.ts'
import { listTable, show } from '../../show.ts'
import { waste } from './waste.ts'

export interface JobsOptions {
  state?: string
  user?: string
  account?: string
  partition?: string
  node?: string
  /** ms before now */
  since?: number
  limit: number
  waste?: boolean
  watch?: boolean
}

/** `navarch jobs`: runs of jobs, the newest first; with --waste, those that hold GPUs and do not use them. */
export async function jobs(context: CommandContext, options: JobsOptions): Promise<number> {
  if (options.waste) return waste(context, options)
  const client = await context.connect()
  const { state, user, account, partition, node, since, limit } = options
  const query = () => ({
    ...{ state, user, account, partition, node, limit },
    from: since === undefined ? undefined : new Date(context.io.clock.now() - since).toISOString(),
  })
  return show(
    context,
    { watch: options.watch ?? false },
    {
      fetch: async () => (await client.get<JobListJson>('jobs', {}, query())).jobs,
      table: (rows) =>
        listTable(context, rows, 'No jobs found', (found) =>
          renderTable(columns(context.output === 'wide'), found, context.table()),
        ),
    },
  )
}

function columns(wide: boolean): Column<JobJson>[] {
  return [
    { header: 'JOB', cell: jobName },
    { header: 'USER', cell: (job) => job.user },
    { header: 'NAME', cell: (job) => job.name ?? '-' },
    { header: 'PARTITION', cell: (job) => job.scheduler?.partition ?? '-' },
    { header: 'STATE', cell: (job) => word(job.state) },
    { header: 'TIME', cell: (job) => formatDuration(job.runtime_seconds), right: true },
    { header: 'NODES', cell: (job) => String(job.node_count), right: true },
    { header: 'GPUS', cell: (job) => String(job.allocated_gpus ?? job.gpus.length), right: true },
    { header: 'CPU', cell: (job) => percent(job.cpu_usage), right: true },
    { header: 'GPU', cell: (job) => (job.gpus.length === 0 ? '-' : percent(job.gpu_usage)), right: true },
    ...(wide ? wideColumns : []),
    { header: 'REASON', cell: reason },
  ]
}

const wideColumns: Column<JobJson>[] = [
  { header: 'ACCOUNT', cell: (job) => job.scheduler?.account ?? '-' },
  { header: 'START', cell: (job) => job.start_time },
  { header: 'END', cell: (job) => job.end_time ?? '-' },
  { header: 'NODELIST', cell: (job) => job.nodes.join(',') || '-' },
  { header: 'SOURCE', cell: (job) => job.usage_source },
]

/** As people know it: `array_task`, and the run where there was more than one. */
function jobName(job: JobJson): string {
  const task = job.array_job_id === undefined ? undefined : `${job.array_job_id}_${job.array_task_id}`
  return `${task ?? job.id}${job.restart > 0 ? ` (run ${job.restart + 1})` : ''}`
}

function percent(value: number | undefined) {
  return word(formatPercent(value))
}

/** Slurm's word where it says more than the state, and the exit status of a failure. */
function reason(job: JobJson): string {
  const raw = job.scheduler?.raw_state ?? ''
  const told = raw.toLowerCase() === job.state ? [] : [raw]
  const exit = job.signal
    ? [`signal ${job.signal}`]
    : job.scheduler?.exit_code
      ? [`exit ${job.scheduler.exit_code}`]
      : []
  const why = job.state === 'pending' && job.scheduler?.state_reason ? [job.scheduler.state_reason] : []
  return [...told, ...exit, ...why].filter(Boolean).join(', ') || '-'
}
