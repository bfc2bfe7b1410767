import type { JobReportJson } from '@navarch/api/jobs'
import type { CommandContext } from '../../context.ts'
import { describeJob } from '../../output/job-report.ts'
import { show } from '../../show.ts'

export interface JobOptions {
  follow?: boolean
  run?: number
}

/**
 * `navarch job ID`: how the job went, what it used and whose fault its end was. With --follow, until it is over: the status
 * is 0 when the job completed and 1 otherwise.
 */
export async function job(context: CommandContext, id: string, { follow = false, run }: JobOptions): Promise<number> {
  const client = await context.connect()
  const jobId = run === undefined ? id : `${id}-r${run}`
  return show(
    context,
    { watch: follow },
    {
      fetch: () => client.get<JobReportJson>('jobReport', { jobId }),
      table: (report) => describeJob(report, context.io.clock.now(), context.table()),
      until: ({ job: { state } }) =>
        state === 'pending' || state === 'running' ? undefined : state === 'completed' ? 0 : 1,
    },
  )
}
