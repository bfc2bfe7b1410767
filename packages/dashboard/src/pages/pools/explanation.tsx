import type { PoolExplanationJson } from '@navarch/api/rest'
import { Link } from '@tanstack/react-router'
import { ToneChip } from '../../components/chips.tsx'
import { Empty } from '../../components/feedback.tsx'
import { type Column, Table } from '../../components/table.tsx'
import { Id, Value } from '../../components/value.tsx'
import { formatAge, formatNumber, plural } from '../../lib/format.ts'

type Job = PoolExplanationJson['jobs'][number]

const columns: readonly Column<Job>[] = [
  {
    key: 'job',
    title: 'Job',
    width: 'minmax(90px, 1fr)',
    cell: ({ job }) => (
      <Link to="/jobs/$id" params={{ id: job }}>
        <Id>{job}</Id>
      </Link>
    ),
  },
  { key: 'state', title: 'State', width: 'minmax(76px, 0.5fr)', isExtra: true, cell: ({ state }) => state },
  {
    key: 'counted',
    title: 'Counted',
    width: '96px',
    cell: ({ counted }) => <ToneChip tone={counted ? 'good' : 'quiet'}>{counted ? 'counted' : 'not'}</ToneChip>,
  },
  { key: 'nodes', title: 'Nodes', width: '56px', align: 'end', cell: ({ nodes }) => nodes },
  {
    key: 'reason',
    title: 'Why',
    width: 'minmax(120px, 5fr)',
    isText: true,
    cell: ({ reason }) => reason,
  },
]

/** How a pool came to its size: the rule, its parts, and every job that was counted or not. */
export function Explanation({ explanation }: { explanation: PoolExplanationJson }) {
  const { wanted, reason, parts, jobs, unknown_reasons: unknown, data_age_seconds: age } = explanation
  const counted = jobs.filter((job) => job.counted)
  return (
    <div className="stacked">
      <p>
        <strong>{plural(wanted, 'node')}</strong>: {reason}{' '}
        <span className="soft">
          {age === null ? '(no look at Slurm yet)' : `(Slurm as of ${formatAge(0, age * 1000)})`}
        </span>
      </p>
      {parts.length > 0 && (
        <ul className="parts">
          {parts.map((part) => (
            <li key={`${part.type} ${part.reason}`}>
              <span className="part-type">{part.type}</span>
              <span className="part-wanted">
                <Value value={part.wanted} format={formatNumber} />
              </span>
              <span>{part.reason}</span>
            </li>
          ))}
        </ul>
      )}
      {unknown.length > 0 && (
        <p className="stale-line">
          Not counted, since these reasons of Slurm are not known here: {unknown.join(', ')}.
        </p>
      )}
      {jobs.length === 0 ? (
        <Empty title="No job asks for this pool.">It keeps its minimum.</Empty>
      ) : (
        <>
          <h3>
            {plural(counted.length, 'job')} counted, {jobs.length - counted.length} not
          </h3>
          <Table
            label="Jobs that were counted and not"
            rows={[...counted, ...jobs.filter((job) => !job.counted)]}
            columns={columns}
            keyOf={({ job, reason: why }) => `${job} ${why}`}
            height={Math.min(420, jobs.length * 32 + 2)}
          />
        </>
      )}
    </div>
  )
}
