import type { JobJson, JobReportJson } from '@navarch/api/jobs'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { Meter } from '../../components/bars.tsx'
import { ToneChip } from '../../components/chips.tsx'
import { Age, Id, Unknown, Value } from '../../components/value.tsx'
import { formatBytes, formatDuration, formatNumber, plural } from '../../lib/format.ts'
import { stateOfJob, toneOfJob } from './job-words.ts'

/** Used of asked: CPU, memory, GPU and time. */
export function EfficiencyBars({ report: { efficiency, job } }: { report: JobReportJson }) {
  const time =
    efficiency.walltime_seconds !== undefined && efficiency.time_limit_seconds
      ? (efficiency.walltime_seconds / efficiency.time_limit_seconds) * 100
      : null
  const hasGpus = (job.allocated_gpus ?? job.gpus.length) > 0
  const rows = [
    {
      name: 'CPU',
      value: efficiency.cpu,
      detail: efficiency.cpu_seconds === undefined ? '' : `${formatDuration(efficiency.cpu_seconds)} of CPU time`,
    },
    {
      name: 'Memory',
      value: efficiency.memory,
      detail:
        efficiency.memory_max_bytes === undefined
          ? ''
          : `${formatBytes(efficiency.memory_max_bytes)} at most${efficiency.memory_allocated_bytes === undefined ? '' : ` of ${formatBytes(efficiency.memory_allocated_bytes)}`}`,
    },
    ...(hasGpus
      ? [
          {
            name: 'GPU',
            value: efficiency.gpu,
            detail: efficiency.gpu_hours === undefined ? '' : `${formatHours(efficiency.gpu_hours)} GPU hours`,
          },
        ]
      : []),
    {
      name: 'Time',
      value: time,
      detail:
        efficiency.time_limit_seconds === undefined ? '' : `limit ${formatDuration(efficiency.time_limit_seconds)}`,
    },
  ]
  return (
    <div className="efficiency">
      {rows.map(({ name, value, detail }) => (
        <div key={name} className="efficiency-row">
          <span>{name}</span>
          <Meter wide label={name} value={value} />
          <span className="soft">{detail}</span>
        </div>
      ))}
    </div>
  )
}

/** What could be better, with the option to copy. */
export function JobNotes({ notes }: { notes: JobReportJson['notes'] }) {
  if (notes.length === 0) return null
  return (
    <ul className="notes">
      {notes.map(({ severity, text, flag }) => (
        <li key={text} className={`note note-${severity}`}>
          <span>{text}</span>
          {flag !== undefined && <CopyText text={flag} />}
        </li>
      ))}
    </ul>
  )
}

function CopyText({ text }: { text: string }) {
  const [isDone, setDone] = useState(false)
  const copy = async () => {
    await navigator.clipboard.writeText(text)
    setDone(true)
  }
  return (
    <button type="button" className="copy" title="Copy" onClick={() => void copy()}>
      <code>{text}</code> <span className="soft">{isDone ? 'copied' : 'copy'}</span>
    </button>
  )
}

export function JobFacts({ job }: { job: JobJson }) {
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
      <dt>Started</dt>
      <dd>
        <Age at={job.start_time} />
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
    </dl>
  )
}

/** Hours of short jobs are not nothing. */
function formatHours(hours: number): string {
  return hours > 0 && hours < 0.1 ? '<0.1' : formatNumber(hours)
}
