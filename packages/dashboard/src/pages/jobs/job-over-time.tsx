import { type JobReportJson, type JobSeriesJson, jobRoutes } from '@navarch/api/jobs'
import { useMemo } from 'react'
import { useApi } from '../../api/queries.ts'
import { TimeChart } from '../../charts/time-chart.tsx'
import { Empty, Loaded } from '../../components/feedback.tsx'
import { Panel } from '../../components/panel.tsx'
import { plural } from '../../lib/format.ts'
import { fillPath, withQuery } from '../../lib/path.ts'
import { useUrlState } from '../../lib/url-state.ts'
import { bandsOf, gpuCharts, gpuHeatCharts, hostCharts, rangeOf } from './job-charts.ts'

/** Points of each line: more than a chart has pixels helps nobody. */
const seriesPoints = 1200
/** Small multiples that are drawn at once; a job of 512 GPUs has its worst first in the table of nodes. */
const maxGpuCharts = 32

/** What the job used over time; a stretch that is dragged is looked at closer, and stands in the URL. */
export function JobOverTime({ report }: { report: JobReportJson }) {
  const [url, setUrl] = useUrlState()
  const path = withQuery(fillPath(jobRoutes.jobSeries, { jobId: report.job.run_id }), {
    points: seriesPoints,
    start_time: url['from'],
    end_time: url['to'],
  })
  const series = useApi<JobSeriesJson>(path, { everyMs: report.job.end_time === undefined ? 15_000 : 300_000 })
  const isZoomed = url['from'] !== undefined
  const zoom = (from: number, to: number) =>
    setUrl({ from: new Date(from).toISOString(), to: new Date(to).toISOString() })
  return (
    <Panel
      title="Over time"
      aside={
        isZoomed ? (
          <button type="button" className="button" onClick={() => setUrl({ from: undefined, to: undefined })}>
            Whole run
          </button>
        ) : (
          <span className="soft">drag to look closer</span>
        )
      }
    >
      <Loaded query={series} rows={6}>
        {(data) => <AllCharts series={data} report={report} isZoomed={isZoomed} onSelectRange={zoom} />}
      </Loaded>
    </Panel>
  )
}

function AllCharts({
  series,
  report,
  isZoomed,
  onSelectRange,
}: {
  series: JobSeriesJson
  report: JobReportJson
  isZoomed: boolean
  onSelectRange: (from: number, to: number) => void
}) {
  const { hosts, gpus, heat } = useMemo(() => {
    const bands = bandsOf(report)
    return {
      hosts: hostCharts(series, bands),
      gpus: gpuCharts(series, report, bands),
      heat: gpuHeatCharts(series, report, bands),
    }
  }, [series, report])
  const { job } = report
  const range = useMemo(() => (isZoomed ? undefined : rangeOf(series, job)), [isZoomed, series, job])
  const shown = { onSelectRange, ...(range && { range }) }
  if (series.times.length === 0 || hosts.length + gpus.length === 0) {
    return (
      <Empty title="Nothing was measured over time.">
        {job.usage_source === 'none'
          ? 'No agent ran on its nodes, or it could not see the job’s cgroup.'
          : 'A job shorter than a reading has its totals above, and no curve.'}
      </Empty>
    )
  }
  return (
    <>
      <div className="chart-grid">
        {hosts.map(({ key, title, spec }) => (
          <TimeChart key={key} title={title} spec={spec} {...shown} />
        ))}
      </div>
      {gpus.length > 0 && (
        <>
          <h3 className="chart-section">
            {plural(gpus.length, 'GPU')}, all on one scale
            {gpus.length > maxGpuCharts && `; the first ${maxGpuCharts} are drawn`}
          </h3>
          <div className="chart-grid small">
            {gpus.slice(0, maxGpuCharts).map(({ key, title, spec }) => (
              <TimeChart key={key} title={title} spec={spec} height={110} {...shown} />
            ))}
          </div>
          <div className="chart-grid">
            {heat.map(({ key, title, spec }) => (
              <TimeChart key={key} title={title} spec={spec} {...shown} />
            ))}
          </div>
        </>
      )}
    </>
  )
}
