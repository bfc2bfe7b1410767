import type { JobJson } from '@navarch/api/jobs'
import type { PendingJobJson } from '@navarch/api/views'
import { Link } from '@tanstack/react-router'
import { ToneChip } from '../../components/chips.tsx'
import { Age, Id, Unknown, Value } from '../../components/value.tsx'
import { formatBytes, formatDuration, plural } from '../../lib/format.ts'
import { startOf } from './job-start.ts'
import { stateOfJob, toneOfJob } from './job-words.ts'

/** What a job is, and what it got; of one that waits, what it asks for. @param row of the queue, where it waits */
export function JobFacts({ job, row }: { job: JobJson; row?: PendingJobJson | undefined }) {
  const { scheduler } = job
  return (
    <dl className="facts">
      <dt>State</dt>
      <dd>
        <ToneChip tone={toneOfJob(job.state)}>{stateOfJob(job)}</ToneChip>
        {!job.confirmed && job.end_time !== undefined && <span className="soft"> not yet confirmed by Slurm</span>}
      </dd>
      <dt>User</dt>
      <dd>
        <Link to="/jobs" search={{ user: job.user }}>
          {job.user}
        </Link>
        {scheduler?.account !== undefined && <span className="soft"> of {scheduler.account}</span>}
      </dd>
      <dt>Partition</dt>
      <dd>{scheduler?.partition ?? <Unknown />}</dd>
      {job.state === 'pending' ? <Asked job={job} row={row} /> : <Given job={job} />}
    </dl>
  )
}

/** It never ran: it has neither a start nor figures. */
function Asked({ job, row }: { job: JobJson; row: PendingJobJson | undefined }) {
  const { scheduler } = job
  return (
    <>
      <dt>Submitted</dt>
      <dd>
        <Age at={scheduler?.submit_time} />
      </dd>
      <dt>Started</dt>
      <dd>not yet</dd>
      <dt>Asks for</dt>
      <dd>
        {row !== undefined && `${plural(row.nodes, 'node')}, `}
        <Value value={job.requested_gpus} format={(gpus) => plural(gpus, 'GPU')} />,{' '}
        <Value value={job.requested_cpus} format={(cpus) => plural(cpus, 'CPU')} />,{' '}
        <Value value={job.requested_memory_mb} format={(mb) => formatBytes(mb * 1024 ** 2)} />
        {scheduler?.time_limit_minutes !== undefined && `, for ${formatDuration(scheduler.time_limit_minutes * 60)}`}
      </dd>
    </>
  )
}

function Given({ job }: { job: JobJson }) {
  const { scheduler } = job
  return (
    <>
      <dt>Started</dt>
      <dd>
        <Age at={startOf(job)} />
      </dd>
      <dt>{job.end_time === undefined ? 'Runs for' : 'Ran for'}</dt>
      <dd>{formatDuration(job.runtime_seconds)}</dd>
      {scheduler?.exit_code !== undefined && (
        <>
          <dt>Exit status</dt>
          <dd>
            {scheduler.exit_code}
            {job.signal !== undefined && job.signal !== 0 && `, signal ${job.signal}`}
          </dd>
        </>
      )}
      <dt>Nodes</dt>
      <dd>
        {job.nodes.slice(0, 16).map((node) => (
          <span key={node}>
            <Link to="/nodes/$id" params={{ id: node }}>
              <Id>{node}</Id>
            </Link>{' '}
          </span>
        ))}
        {job.nodes.length > 16 && `and ${job.nodes.length - 16} more`}
      </dd>
      <dt>Got</dt>
      <dd>
        <Value value={job.allocated_cpus} format={(cpus) => `${cpus} CPUs`} />,{' '}
        <Value value={job.allocated_memory_mb} format={(mb) => formatBytes(mb * 1024 ** 2)} />
        {job.allocated_gpus !== undefined && job.allocated_gpus > 0 && `, ${plural(job.allocated_gpus, 'GPU')}`}
      </dd>
      <dt>Figures</dt>
      <dd>
        {job.usage_source === 'none' ? 'none: nobody could measure' : `from ${job.usage_source}`}
        {job.last_sample_at !== undefined && (
          <span className="soft">
            , <Age at={job.last_sample_at} />
          </span>
        )}
      </dd>
    </>
  )
}
