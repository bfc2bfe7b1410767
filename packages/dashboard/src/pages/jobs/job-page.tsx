import { type JobReportJson, jobRoutes } from '@navarch/api/jobs'
import { useParams } from '@tanstack/react-router'
import { useApi } from '../../api/queries.ts'
import { ToneChip } from '../../components/chips.tsx'
import { Failure, Skeleton } from '../../components/feedback.tsx'
import { Page } from '../../components/page.tsx'
import { Panel } from '../../components/panel.tsx'
import { Id } from '../../components/value.tsx'
import { fillPath } from '../../lib/path.ts'
import { JobEvidence } from './job-evidence.tsx'
import { JobFacts } from './job-facts.tsx'
import { JobNodes } from './job-nodes.tsx'
import { JobOverTime } from './job-over-time.tsx'
import { EfficiencyBars, JobNotes } from './job-parts.tsx'
import { EarlierJobs, JobRuns } from './job-runs.tsx'
import { moodOfVerdict, stateOfJob, toneOfJob, waitingSentence } from './job-words.ts'
import { usePendingRow, WaitingJob } from './waiting-job.tsx'

/** Why it ended, what it used, and when. */
export function JobPage() {
  const { id } = useParams({ strict: false })
  const jobId = id ?? ''
  const report = useApi<JobReportJson>(fillPath(jobRoutes.jobReport, { jobId }), { topics: ['live'] })
  const row = usePendingRow(report.data?.job)
  if (report.data === undefined) {
    return (
      <Page title={`Job ${jobId}`}>
        {report.error ? <Failure error={report.error} onRetry={() => void report.refetch()} /> : <Skeleton rows={8} />}
      </Page>
    )
  }
  const { job, verdict, notes } = report.data
  const isPending = job.state === 'pending'
  return (
    <Page
      name={`Job ${job.id}`}
      title={
        <>
          Job <Id>{job.id}</Id> {job.name !== undefined && <span className="soft">{job.name}</span>}
        </>
      }
      aside={<ToneChip tone={toneOfJob(job.state)}>{stateOfJob(job)}</ToneChip>}
      mood={row?.kind === 'stuck' ? 'act' : moodOfVerdict(verdict.cause)}
      answer={row === undefined ? verdict.sentence : waitingSentence(job, row)}
    >
      <div className="page-grid">
        {isPending ? (
          <WaitingJob job={job} row={row} />
        ) : (
          <Panel title="Used of asked">
            <EfficiencyBars report={report.data} />
            <JobNotes notes={notes} />
          </Panel>
        )}
        <Panel title="About it">
          <JobFacts job={job} row={row} />
        </Panel>
        <JobEvidence verdict={verdict} />
      </div>
      {!isPending && (
        <>
          <JobOverTime report={report.data} />
          <Panel title="Nodes">
            <JobNodes report={report.data} />
          </Panel>
        </>
      )}
      <div className="page-grid">
        <EarlierJobs job={job} />
        <JobRuns job={job} />
      </div>
    </Page>
  )
}
