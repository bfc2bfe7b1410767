import { type JobReportJson, jobRoutes } from '@navarch/api/jobs'
import { useApi } from '../../api/queries.ts'
import { Loaded } from '../../components/feedback.tsx'
import { fillPath } from '../../lib/path.ts'
import { EfficiencyBars, JobFacts, JobNotes } from './job-parts.tsx'
import { moodOfVerdict } from './job-words.ts'

/** A job in short: for the panel beside a list. */
export function JobSummary({ id }: { id: string }) {
  const report = useApi<JobReportJson>(fillPath(jobRoutes.jobReport, { jobId: id }), { topics: ['live'] })
  return (
    <Loaded query={report}>
      {(data) => (
        <div className="stacked">
          <p className={`answer mood-${moodOfVerdict(data.verdict.cause)}`}>
            <span className="mood-mark" aria-hidden="true" />
            {data.verdict.sentence}
          </p>
          <EfficiencyBars report={data} />
          <JobNotes notes={data.notes} />
          <JobFacts job={data.job} />
        </div>
      )}
    </Loaded>
  )
}
