import type { JobJson } from '@navarch/api/jobs'
import { Link } from '@tanstack/react-router'
import { Meter } from '../../components/bars.tsx'
import { ToneChip } from '../../components/chips.tsx'
import type { Column } from '../../components/table.tsx'
import { Age, Id, Unknown, Value } from '../../components/value.tsx'
import { formatCount, formatDuration } from '../../lib/format.ts'
import { startOf } from './job-start.ts'
import { shareOf, stateOfJob, toneOfJob } from './job-words.ts'

/** What the list of jobs shows of each. */
export const jobColumns: readonly Column<JobJson>[] = [
  {
    key: 'id',
    title: 'Job',
    width: 'minmax(84px, 0.8fr)',
    cell: (job) => (
      <Link to="/jobs/$id" params={{ id: job.run_id }}>
        <Id>{job.id}</Id>
      </Link>
    ),
  },
  { key: 'name', title: 'Name', width: 'minmax(60px, 1.4fr)', isExtra: 'phone', cell: (job) => job.name ?? '' },
  { key: 'user', title: 'User', width: 'minmax(60px, 1fr)', cell: (job) => job.user },
  {
    key: 'partition',
    title: 'Partition',
    width: 'minmax(60px, 1fr)',
    isExtra: true,
    cell: (job) => job.scheduler?.partition ?? <Unknown />,
  },
  {
    key: 'state',
    title: 'State',
    width: 'minmax(96px, 1.4fr)',
    cell: (job) => <ToneChip tone={toneOfJob(job.state)}>{stateOfJob(job)}</ToneChip>,
  },
  {
    key: 'nodes',
    title: 'Nodes',
    width: '46px',
    align: 'end',
    isExtra: true,
    cell: (job) => (job.state === 'pending' ? <NotYet /> : job.node_count),
  },
  {
    key: 'gpus',
    title: 'GPUs',
    width: '48px',
    align: 'end',
    isExtra: 'phone',
    cell: (job) => <Gpus job={job} />,
  },
  {
    key: 'cpu',
    title: 'CPU',
    width: '105px',
    isExtra: true,
    cell: (job) => job.state !== 'pending' && <Meter label="CPU" value={job.cpu_usage} />,
  },
  {
    key: 'memory',
    title: 'Memory',
    width: '105px',
    isExtra: true,
    cell: (job) =>
      job.state !== 'pending' && <Meter label="Memory" value={shareOf(job.memory_usage_mb, job.allocated_memory_mb)} />,
  },
  {
    key: 'gpu',
    title: 'GPU',
    width: '105px',
    isExtra: true,
    cell: (job) => job.state !== 'pending' && <Meter label="GPU" value={job.gpu_usage} />,
  },
  {
    key: 'runtime',
    title: 'Ran',
    width: '64px',
    align: 'end',
    isExtra: 'phone',
    cell: (job) => (job.state === 'pending' ? <NotYet /> : formatDuration(job.runtime_seconds)),
  },
  {
    key: 'start',
    title: 'Started',
    width: '80px',
    align: 'end',
    isExtra: 'phone',
    cell: (job) => (job.state === 'pending' ? <span className="soft">waits</span> : <Age at={startOf(job)} />),
  },
  { key: 'brief', title: '', width: '0', isBelow: true, cell: (job) => <Brief job={job} /> },
]

/** Nothing to be told of a job that waits. */
function NotYet() {
  return (
    <span className="soft">
      <span aria-hidden="true">–</span>
      <span className="visually-hidden">not yet</span>
    </span>
  )
}

function Gpus({ job }: { job: JobJson }) {
  if (job.state === 'pending') {
    return (
      <span className="soft" title="asked for">
        <Value value={job.requested_gpus} format={formatCount} />
      </span>
    )
  }
  return job.allocated_gpus ?? (job.gpus.length > 0 ? job.gpus.length : <Unknown />)
}

/** A phone's second line. */
function Brief({ job }: { job: JobJson }) {
  const name = job.name === undefined ? '' : `${job.name}, `
  if (job.state === 'pending') {
    return (
      <>
        {name}submitted <Age at={job.scheduler?.submit_time} />
      </>
    )
  }
  return (
    <>
      {name}ran {formatDuration(job.runtime_seconds)}, began <Age at={startOf(job)} />
    </>
  )
}
