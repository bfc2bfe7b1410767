import { type JobReportJson, jobRoutes } from '@navarch/api/jobs'
import { useApi } from '../../api/queries.ts'
import { Loaded } from '../../components/feedback.tsx'
import { fillPath } from '../../lib/path.ts'
import { WhyPending } from '../queue/why-pending.tsx'
import { JobFacts } from './job-facts.tsx'
import { EfficiencyBars, JobNotes } from './job-parts.tsx'
import { moodOfVerdict } from './job-words.ts'
import { usePendingRow } from './waiting-job.tsx'

/** A job in short: for the panel beside a list. */
export function JobSummary({ id }: { id: string }) {
  const report = useApi<JobReportJson>(fillPath(jobRoutes.jobReport, { jobId: id }), { topics: ['live'] })
  const row = usePendingRow(report.data?.job)
  return (
    <Loaded query={report}>
      {(data) => (
        <div className="stacked">
          {row === undefined ? (
            <>
              <p className={`answer mood-${moodOfVerdict(data.verdict.cause)}`}>
                <span className="mood-mark" aria-hidden="true" />
                {data.verdict.sentence}
              </p>
              {data.job.state !== 'pending' && <EfficiencyBars report={data} />}
              <JobNotes notes={data.notes} />
              <JobFacts job={data.job} />
            </>
          ) : (
            <WhyPending job={row} />
          )}
        </div>
      )}
    </Loaded>
  )
}
