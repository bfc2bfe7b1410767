import type { JobJson, JobListJson } from '@navarch/api/jobs'
import { CliError, exitCodes } from '../../cli-error.ts'
import type { CommandContext } from '../../context.ts'
import { jobName, nodeList } from '../../output/job-words.ts'
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
  if (options.waste) {
    const other = (['state', 'since'] as const).find((name) => options[name] !== undefined)
    if (other === undefined) return waste(context, options)
    throw new CliError(exitCodes.usage, `--${other} does not go with --waste`, 'Waste is of jobs that run now.')
  }
  const client = await context.connect()
  const { state, user, account, partition, node, since, limit, watch = false } = options
  const query = () => ({
    ...{ state, user, account, partition, node, limit },
    from: since === undefined ? undefined : new Date(context.io.clock.now() - since).toISOString(),
  })
  let more = 0
  return show(
    context,
    { watch },
    {
      fetch: async () => {
        const answer = await client.get<JobListJson>('jobs', {}, query())
        more = answer.total - answer.jobs.length
        return answer.jobs
      },
      news: (rows) => rows.map(({ run_id, state, nodes, confirmed }) => ({ run_id, state, nodes, confirmed })),
      table: (rows) =>
        listTable(context, rows, 'No jobs found', (found) => {
          if (more > 0 && !watch)
            context.io.stderr.write(`The newest ${found.length} of ${found.length + more} jobs.\n`)
          return renderTable(columns(context.output === 'wide'), found, context.table())
        }),
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
    { header: 'TIME', cell: (job) => (waits(job) ? '-' : formatDuration(job.runtime_seconds)), right: true },
    { header: 'NODES', cell: (job) => (job.node_count === 0 ? '-' : String(job.node_count)), right: true },
    { header: 'GPUS', cell: (job) => String(gpuCount(job) ?? '-'), right: true },
    { header: 'CPU', cell: (job) => (waits(job) ? '-' : percent(job.cpu_usage)), right: true },
    { header: 'GPU', cell: (job) => (waits(job) || !gpuCount(job) ? '-' : percent(job.gpu_usage)), right: true },
    ...(wide ? wideColumns : []),
    { header: 'REASON', cell: reason },
  ]
}

const wideColumns: Column<JobJson>[] = [
  { header: 'ACCOUNT', cell: (job) => job.scheduler?.account ?? '-' },
  { header: 'START', cell: (job) => (waits(job) ? '-' : (job.start_time ?? word('unknown'))) },
  { header: 'END', cell: (job) => job.end_time ?? '-' },
  { header: 'NODELIST', cell: (job) => nodeList(job.nodes) || '-' },
  { header: 'SOURCE', cell: (job) => (waits(job) ? '-' : job.usage_source) },
]

/** It has not begun: nothing was used, and nothing is unknown. */
function waits({ state }: JobJson): boolean {
  return state === 'pending'
}

/** Those that it has, or waits for; undefined where nobody told. */
function gpuCount(job: JobJson): number | undefined {
  const known = waits(job) ? job.requested_gpus : job.allocated_gpus
  return known ?? (job.gpus.length || undefined)
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
  const why = waits(job) && job.scheduler?.state_reason ? [job.scheduler.state_reason] : []
  return [...told, ...exit, ...why].filter(Boolean).join(', ') || '-'
}
