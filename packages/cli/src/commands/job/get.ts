import type { JobJson, JobReportJson } from '@navarch/api/jobs'
import { CliError, exitCodes } from '../../cli-error.ts'
import type { Client } from '../../client.ts'
import type { CommandContext } from '../../context.ts'
import { describeJob } from '../../output/job-report.ts'
import { show } from '../../show.ts'

export interface JobOptions {
  follow?: boolean
  run?: number
}

/** How long a job that is over is followed until Slurm itself has said how it ended, ms: some looks of the control plane. */
const confirmMs = 30_000

/**
 * `navarch job ID`: how the job went, what it used and whose fault its end was. With --follow, until it is over: the status
 * is 0 when the job completed and 1 otherwise.
 */
export async function job(context: CommandContext, id: string, { follow = false, run }: JobOptions): Promise<number> {
  if (id === '') throw new CliError(exitCodes.usage, 'the id of the job is empty', 'navarch jobs lists what there is.')
  const client = await context.connect()
  const { clock } = context.io
  const jobId = run === undefined ? id : await idOfRun(client, id, run)
  return show(
    context,
    { watch: follow },
    {
      fetch: () => client.get<JobReportJson>('jobReport', { jobId }).catch(notThere),
      table: (report) => describeJob(report, clock.now(), context.table()),
      news: ({ job: { run_id, state, nodes, nodes_running, scheduler, confirmed }, verdict }) => ({
        ...{ run_id, state, nodes, nodes_running, scheduler, confirmed, verdict },
      }),
      until: statusAtEnd(() => clock.now()),
    },
  )
}

/**
 * The exit status once a job is over: 0 when it completed. A job that ended by its own account may yet have been ended by
 * Slurm, so Slurm's word is waited for; not for ever, since there may be no Slurm to ask.
 * @param now ms
 */
export function statusAtEnd(now: () => number): (report: JobReportJson) => number | undefined {
  let overAt: number | undefined
  return ({ job: { state, confirmed } }) => {
    if (state === 'pending' || state === 'running') return undefined
    overAt ??= now()
    if (!confirmed && now() - overAt < confirmMs) return undefined
    return state === 'completed' ? exitCodes.ok : exitCodes.failed
  }
}

/** @param run counted from 0 */
async function idOfRun(client: Client, id: string, run: number): Promise<string> {
  const runs = await client.listOf<JobJson>('jobRuns', { jobId: id }).catch(notThere)
  const found = runs.find(({ restart }) => restart === run)
  if (found) return found.run_id
  const known = runs.map(({ restart }) => restart).sort((a, b) => a - b)
  throw new CliError(exitCodes.notFound, `job ${id} has no run ${run}`, `Its runs: ${known.join(', ')}.`)
}

/** The control plane speaks of its own routes; who types a command wants a command. */
function notThere(error: unknown): never {
  if (!(error instanceof CliError) || error.code !== exitCodes.notFound) throw error
  const [what = ''] = error.message.split('; GET ')
  throw new CliError(error.code, what, 'navarch jobs lists what there is; a task of an array is written 900_3.')
}
