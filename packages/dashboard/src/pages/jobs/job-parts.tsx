import type { JobReportJson } from '@navarch/api/jobs'
import { useState } from 'react'
import { Meter } from '../../components/bars.tsx'
import { formatBytes, formatDuration, formatNumber } from '../../lib/format.ts'

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
            detail: efficiency.gpu_hours === undefined ? '' : `${formatNumber(efficiency.gpu_hours)} GPU hours`,
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
