import type { PendingJobJson } from '@navarch/api/views'
import { Link } from '@tanstack/react-router'
import { Age } from '../../components/value.tsx'
import { formatCount, formatDuration, plural } from '../../lib/format.ts'

/** Why a job waits, what would make it start, and what it asks for. @param isOnPage leaves out what stands elsewhere on the job's page */
export function WhyPending({ job, isOnPage = false }: { job: PendingJobJson; isOnPage?: boolean }) {
  return (
    <div className="stacked">
      {!isOnPage && (
        <p className={`answer mood-${job.kind === 'stuck' ? 'act' : 'good'}`}>
          <span className="mood-mark" aria-hidden="true" />
          {job.why}
        </p>
      )}
      {job.remedy !== '' && (
        <p>
          <strong>What would make it start:</strong> {job.remedy}
        </p>
      )}
      <p>
        <strong>Slurm’s estimate:</strong>{' '}
        {job.expected_start === null ? 'none: its backfill has not planned this job.' : <Age at={job.expected_start} />}
      </p>
      {job.pool !== '' && (
        <p>
          <strong>Pool</strong>{' '}
          <Link to="/pools/$name" params={{ name: job.pool }}>
            {job.pool}
          </Link>
          : {job.pool_note}
        </p>
      )}
      <dl className="facts">
        {!isOnPage && <Asked job={job} />}
        <dt>QOS</dt>
        <dd>{job.qos}</dd>
        <dt>Priority</dt>
        <dd>{formatCount(job.priority)}</dd>
        <dt>Slurm says</dt>
        <dd>
          <code>{job.reason}</code>
        </dd>
      </dl>
    </div>
  )
}

function Asked({ job }: { job: PendingJobJson }) {
  return (
    <>
      <dt>Name</dt>
      <dd>{job.name}</dd>
      <dt>User</dt>
      <dd>
        {job.user} <span className="soft">of {job.account}</span>
      </dd>
      <dt>Asks for</dt>
      <dd>
        {plural(job.nodes, 'node')}, {plural(job.gpus, 'GPU')}, {plural(job.cpus, 'CPU')},{' '}
        {job.time_limit_seconds !== null
          ? formatDuration(job.time_limit_seconds)
          : job.unlimited
            ? 'no time limit'
            : 'time limit not known'}
        {job.tasks > 1 && `; ${job.tasks} tasks of an array`}
      </dd>
      <dt>Partition</dt>
      <dd>{job.partition}</dd>
    </>
  )
}
