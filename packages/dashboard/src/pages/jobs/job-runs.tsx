import { type JobJson, type JobListJson, jobRoutes } from '@navarch/api/jobs'
import { Link } from '@tanstack/react-router'
import { useApi } from '../../api/queries.ts'
import { ToneChip } from '../../components/chips.tsx'
import { Empty, Loaded } from '../../components/feedback.tsx'
import { Panel } from '../../components/panel.tsx'
import { type Column, Table } from '../../components/table.tsx'
import { Age, Id, Value } from '../../components/value.tsx'
import { formatDuration, formatPercent } from '../../lib/format.ts'
import { fillPath, withQuery } from '../../lib/path.ts'
import { earlierJobs } from './earlier-jobs.ts'
import { startOf } from './job-start.ts'
import { stateOfJob, toneOfJob } from './job-words.ts'

/** The user's jobs of the same name before this one: is it slower than usual? */
export function EarlierJobs({ job }: { job: JobJson }) {
  const list = useApi<JobListJson>(withQuery(jobRoutes.jobs, { user: job.user, limit: 200 }), {
    enabled: job.name !== undefined,
    everyMs: 60_000,
  })
  if (job.name === undefined) return null
  return (
    <Panel title={`Earlier jobs “${job.name}” of ${job.user}`}>
      <Loaded query={list}>
        {({ jobs }) => {
          const earlier = earlierJobs(jobs, job)
          return earlier.length === 0 ? (
            <Empty title="There are none." />
          ) : (
            <Table
              label="Earlier jobs of the same name"
              rows={[job, ...earlier]}
              columns={columns}
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
export function JobRuns({ job }: { job: JobJson }) {
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
        columns={columns}
        keyOf={({ run_id }) => run_id}
        selected={job.run_id}
      />
    </Panel>
  )
}

const columns: readonly Column<JobJson>[] = [
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
    cell: ({ state, runtime_seconds }) => (state === 'pending' ? '' : formatDuration(runtime_seconds)),
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
  {
    key: 'start',
    title: 'Started',
    width: '88px',
    align: 'end',
    isExtra: true,
    cell: (job) => (job.state === 'pending' ? <span className="soft">not yet</span> : <Age at={startOf(job)} />),
  },
]
