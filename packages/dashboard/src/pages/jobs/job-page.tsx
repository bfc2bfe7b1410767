import { type JobJson, type JobListJson, type JobReportJson, type JobSeriesJson, jobRoutes } from '@navarch/api/jobs'
import { Link, useParams } from '@tanstack/react-router'
import { useMemo } from 'react'
import { useApi } from '../../api/queries.ts'
import { TimeChart } from '../../charts/time-chart.tsx'
import { ToneChip } from '../../components/chips.tsx'
import { Empty, Failure, Loaded, Skeleton } from '../../components/feedback.tsx'
import { Page, Panel } from '../../components/panel.tsx'
import { type Column, Table } from '../../components/table.tsx'
import { Age, Id, Value } from '../../components/value.tsx'
import { formatBytes, formatDuration, formatPercent, plural } from '../../lib/format.ts'
import { fillPath, withQuery } from '../../lib/path.ts'
import { useUrlState } from '../../lib/url-state.ts'
import { bandsOf, gpuCharts, gpuHeatCharts, hostCharts } from './job-charts.ts'
import { EfficiencyBars, JobFacts, JobNotes } from './job-parts.tsx'
import { blameOf, moodOfVerdict, stateOfJob, toneOfJob } from './job-words.ts'

/** Points of each line: more than a chart has pixels helps nobody. */
const seriesPoints = 1200
/** Small multiples that are drawn at once; a job of 512 GPUs has its worst first in the table of nodes. */
const maxGpuCharts = 32

/** Why it ended, what it used, and when. */
export function JobPage() {
  const { id } = useParams({ strict: false })
  const jobId = id ?? ''
  const report = useApi<JobReportJson>(fillPath(jobRoutes.jobReport, { jobId }), { topics: ['live'] })
  if (report.data === undefined) {
    return (
      <Page title={`Job ${jobId}`}>
        {report.error ? <Failure error={report.error} onRetry={() => void report.refetch()} /> : <Skeleton rows={8} />}
      </Page>
    )
  }
  const { job, verdict, notes } = report.data
  return (
    <Page
      title={
        <>
          Job <Id>{job.id}</Id> {job.name !== undefined && <span className="soft">{job.name}</span>}
        </>
      }
      aside={<ToneChip tone={toneOfJob(job.state)}>{stateOfJob(job)}</ToneChip>}
      mood={moodOfVerdict(verdict.cause)}
      answer={verdict.sentence}
    >
      <div className="page-grid">
        <Panel title="Used of asked">
          <EfficiencyBars report={report.data} />
          <JobNotes notes={notes} />
        </Panel>
        <Panel title="About it">
          <JobFacts job={job} />
        </Panel>
        <Evidence verdict={verdict} />
      </div>
      <Charts report={report.data} />
      <Panel title="Nodes">
        <NodeTable report={report.data} />
      </Panel>
      <div className="page-grid">
        <EarlierJobs job={job} />
        <Runs job={job} />
      </div>
    </Page>
  )
}

function Evidence({ verdict }: { verdict: JobReportJson['verdict'] }) {
  if (verdict.evidence.length === 0 && verdict.cause === 'none') return null
  return (
    <Panel title="Why we say so" aside={<span className="soft">{verdict.confidence}</span>}>
      <p>
        {blameOf(verdict.cause)} {verdict.evidence.length === 0 && 'Nothing else was seen about it.'}
      </p>
      <ol className="evidence">
        {verdict.evidence.map(({ at, node, source, text }) => (
          <li key={`${at} ${node} ${text}`}>
            <span className="soft">
              {at === undefined ? source : <Age at={at} />} {node !== undefined && <Id>{node}</Id>}{' '}
              {at !== undefined && source}
            </span>
            <code className="log">{text}</code>
          </li>
        ))}
      </ol>
    </Panel>
  )
}

function Charts({ report }: { report: JobReportJson }) {
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
        {(data) => <AllCharts series={data} report={report} onSelectRange={zoom} />}
      </Loaded>
    </Panel>
  )
}

function AllCharts({
  series,
  report,
  onSelectRange,
}: {
  series: JobSeriesJson
  report: JobReportJson
  onSelectRange: (from: number, to: number) => void
}) {
  const { hosts, gpus, heat } = useMemo(() => {
    const bands = bandsOf(report)
    return {
      hosts: hostCharts(series, bands),
      gpus: gpuCharts(series, report, bands),
      heat: gpuHeatCharts(series, bands),
    }
  }, [series, report])
  if (series.times.length === 0 || hosts.length + gpus.length === 0) {
    return (
      <Empty title="Nothing was measured over time.">
        {report.job.usage_source === 'none'
          ? 'No agent ran on its nodes, or it could not see the job’s cgroup.'
          : 'A job shorter than a reading has its totals above, and no curve.'}
      </Empty>
    )
  }
  return (
    <>
      <div className="chart-grid">
        {hosts.map(({ key, title, spec }) => (
          <TimeChart key={key} title={title} spec={spec} onSelectRange={onSelectRange} />
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
              <TimeChart key={key} title={title} spec={spec} height={110} onSelectRange={onSelectRange} />
            ))}
          </div>
          <div className="chart-grid">
            {heat.map(({ key, title, spec }) => (
              <TimeChart key={key} title={title} spec={spec} onSelectRange={onSelectRange} />
            ))}
          </div>
        </>
      )}
    </>
  )
}

type NodeReport = JobReportJson['nodes'][number]

const nodeColumns: readonly Column<NodeReport>[] = [
  {
    key: 'node',
    title: 'Node',
    width: 'minmax(110px, 1fr)',
    cell: ({ node }) => (
      <Link to="/nodes/$id" params={{ id: node }}>
        <Id>{node}</Id>
      </Link>
    ),
  },
  {
    key: 'cpu',
    title: 'CPU',
    width: '70px',
    align: 'end',
    cell: (row) => <Value value={row.cpu_percent} format={formatPercent} />,
  },
  {
    key: 'memory',
    title: 'Memory, most',
    width: '110px',
    align: 'end',
    cell: (row) => <Value value={row.memory_max_bytes} format={formatBytes} />,
  },
  {
    key: 'gpu',
    title: 'GPUs, mean',
    width: '90px',
    align: 'end',
    cell: ({ gpus }) => (gpus.length === 0 ? 'none' : <Value value={meanUse(gpus)} format={formatPercent} />),
  },
  {
    key: 'idle',
    title: 'GPU idle, most',
    width: '110px',
    align: 'end',
    isExtra: true,
    cell: ({ gpus }) => <Value value={most(gpus.map(({ idle_seconds }) => idle_seconds))} format={formatDuration} />,
  },
  {
    key: 'temperature',
    title: 'Hottest',
    width: '80px',
    align: 'end',
    isExtra: true,
    cell: ({ gpus }) => (
      <Value value={most(gpus.map(({ temperature_max }) => temperature_max))} format={(value) => `${value} °C`} />
    ),
  },
  {
    key: 'oom',
    title: 'OOM kills',
    width: '80px',
    align: 'end',
    isExtra: true,
    cell: (row) => <Value value={row.oom_kills} format={String} />,
  },
  { key: 'exit', title: 'Exit', width: '60px', align: 'end', isExtra: true, cell: (row) => exitOf(row) },
  {
    key: 'source',
    title: 'Measured by',
    width: '1fr',
    isExtra: true,
    cell: ({ source }) => (source === 'none' ? 'nobody' : source),
  },
]

function NodeTable({ report: { nodes } }: { report: JobReportJson }) {
  if (nodes.length === 0) return <Empty title="No node has told of it yet." />
  return <Table label="Nodes of the job" rows={nodes} columns={nodeColumns} keyOf={({ node }) => node} />
}

function meanUse(gpus: NodeReport['gpus']): number | null {
  const known = gpus.flatMap(({ utilization_mean }) => (utilization_mean === undefined ? [] : [utilization_mean]))
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length
}

function most(values: readonly (number | undefined)[]): number | null {
  const known = values.filter((value) => value !== undefined)
  return known.length === 0 ? null : Math.max(...known)
}

function exitOf({ exit_code, signal }: NodeReport): string {
  if (signal !== undefined && signal !== 0) return `sig ${signal}`
  return exit_code === undefined ? '' : String(exit_code)
}

/** The user's jobs of the same name before this one: is it slower than usual? */
function EarlierJobs({ job }: { job: JobJson }) {
  const list = useApi<JobListJson>(withQuery(jobRoutes.jobs, { user: job.user, limit: 200 }), {
    enabled: job.name !== undefined,
    everyMs: 60_000,
  })
  if (job.name === undefined) return null
  return (
    <Panel title={`Earlier jobs “${job.name}” of ${job.user}`}>
      <Loaded query={list}>
        {({ jobs }) => {
          const earlier = jobs.filter((other) => other.name === job.name && other.run_id !== job.run_id).slice(0, 20)
          return earlier.length === 0 ? (
            <Empty title="There are none." />
          ) : (
            <Table
              label="Earlier jobs of the same name"
              rows={[job, ...earlier]}
              columns={runColumns}
              keyOf={({ run_id }) => run_id}
              selected={job.run_id}
            />
          )
        }}
      </Loaded>
    </Panel>
  )
}

/** Slurm starts a job again after a requeue: each run has its own record. */
function Runs({ job }: { job: JobJson }) {
  const runs = useApi<JobJson[]>(fillPath(jobRoutes.jobRuns, { jobId: job.id }), {
    enabled: job.restart > 0,
    everyMs: 60_000,
  })
  if (job.restart === 0 || runs.data === undefined || runs.data.length < 2) return null
  return (
    <Panel title="Runs of this job">
      <Table
        label="Runs of this job"
        rows={runs.data}
        columns={runColumns}
        keyOf={({ run_id }) => run_id}
        selected={job.run_id}
      />
    </Panel>
  )
}

const runColumns: readonly Column<JobJson>[] = [
  {
    key: 'id',
    title: 'Job',
    width: 'minmax(90px, 1fr)',
    cell: ({ run_id }) => (
      <Link to="/jobs/$id" params={{ id: run_id }}>
        <Id>{run_id}</Id>
      </Link>
    ),
  },
  {
    key: 'state',
    title: 'State',
    width: 'minmax(100px, 1.2fr)',
    cell: (job) => <ToneChip tone={toneOfJob(job.state)}>{stateOfJob(job)}</ToneChip>,
  },
  {
    key: 'ran',
    title: 'Ran',
    width: '70px',
    align: 'end',
    cell: ({ runtime_seconds }) => formatDuration(runtime_seconds),
  },
  {
    key: 'cpu',
    title: 'CPU',
    width: '64px',
    align: 'end',
    isExtra: true,
    cell: ({ avg_cpu_usage, cpu_usage }) => <Value value={avg_cpu_usage ?? cpu_usage} format={formatPercent} />,
  },
  {
    key: 'gpu',
    title: 'GPU',
    width: '64px',
    align: 'end',
    isExtra: true,
    cell: ({ avg_gpu_usage, gpu_usage }) => <Value value={avg_gpu_usage ?? gpu_usage} format={formatPercent} />,
  },
  { key: 'start', title: 'Started', width: '88px', align: 'end', cell: ({ start_time }) => <Age at={start_time} /> },
]
