import { type PendingJobJson, type QueueJson, viewRoutes } from '@navarch/api/views'
import { Link, useNavigate } from '@tanstack/react-router'
import { useApi } from '../../api/queries.ts'
import { StackBar } from '../../components/bars.tsx'
import { Empty, Loaded } from '../../components/feedback.tsx'
import { FilterBar } from '../../components/filter-bar.tsx'
import { FilterInputs } from '../../components/filter-inputs.tsx'
import { NoFit } from '../../components/no-fit.tsx'
import { Page } from '../../components/page.tsx'
import { Panel } from '../../components/panel.tsx'
import { SidePanel } from '../../components/side-panel.tsx'
import { type Column, Table } from '../../components/table.tsx'
import { Age, Id, Value } from '../../components/value.tsx'
import { formatCount, formatDuration, plural } from '../../lib/format.ts'
import { withQuery } from '../../lib/path.ts'
import { useUrlState } from '../../lib/url-state.ts'
import { jobIdOf } from './pending-row.ts'
import { WhyPending } from './why-pending.tsx'

/** Pending jobs: why each waits, and what would make it start. */
export function QueuePage() {
  const [url, setUrl] = useUrlState()
  const navigate = useNavigate()
  const filter = { partition: url['partition'], user: url['user'], account: url['account'], reason: url['reason'] }
  const queue = useApi<QueueJson>(withQuery(viewRoutes.queue, filter), { topics: ['live'] })
  const selected = queue.data?.jobs.find(({ id }) => id === url['job'])
  const stuck = queue.data?.summary?.by_reason.find(({ kind }) => kind === 'stuck')?.jobs ?? 0
  return (
    <Page
      title="Queue"
      mood={queue.data?.summary === null ? 'unknown' : stuck > 0 ? 'act' : 'good'}
      {...(queue.data ? { answer: answerOf(queue.data, stuck) } : {})}
      aside={
        queue.data && (
          <span className="soft">
            Slurm seen <Age at={queue.data.freshness.slurm_at} />
          </span>
        )
      }
    >
      <Loaded query={queue} rows={10}>
        {({ summary, jobs, total, freshness }) =>
          summary === null ? (
            <Panel>
              <Empty title="What waits is not known.">{freshness.slurm_problem ?? 'Slurm has not been seen.'}</Empty>
            </Panel>
          ) : (
            <>
              <Panel title="Why jobs wait">
                <StackBar
                  label="Pending jobs by reason"
                  unit="jobs"
                  segments={summary.by_reason.map(({ kind, label, jobs: count }) => ({
                    key: kind,
                    label,
                    value: count,
                    className: `reason-${kind}`,
                    link: (
                      <button
                        type="button"
                        className="link"
                        aria-pressed={url['reason'] === kind}
                        onClick={() => setUrl({ reason: url['reason'] === kind ? undefined : kind })}
                      >
                        {label}
                      </button>
                    ),
                  }))}
                />
              </Panel>
              <FilterBar count={Object.values(filter).filter((value) => value !== undefined).length}>
                <FilterInputs
                  fields={['user', 'account', 'partition']}
                  values={url}
                  onChange={(field, text) => setUrl({ [field]: text })}
                />
                {url['reason'] !== undefined && (
                  <button type="button" className="button" onClick={() => setUrl({ reason: undefined })}>
                    {url['reason']} ✕
                  </button>
                )}
              </FilterBar>
              <div className="with-panel">
                <Panel>
                  {jobs.length === 0 && summary.pending > 0 ? (
                    <NoFit
                      what="waiting job"
                      onClear={() =>
                        setUrl({ user: undefined, account: undefined, partition: undefined, reason: undefined })
                      }
                    />
                  ) : jobs.length === 0 ? (
                    <Empty title="No job waits.">What is submitted and cannot start at once appears here.</Empty>
                  ) : (
                    <>
                      <Table
                        label="Pending jobs"
                        rows={jobs}
                        columns={columns}
                        keyOf={({ id }) => id}
                        {...(url['job'] === undefined ? {} : { selected: url['job'] })}
                        onSelect={({ id }) => setUrl({ job: id })}
                        onOpen={({ id }) => void navigate({ to: '/jobs/$id', params: { id: jobIdOf(id) } })}
                        height="fill"
                      />
                      {total !== null && total > jobs.length && (
                        <p className="soft">
                          The first {jobs.length} of {formatCount(total)} by priority; filter to see others.
                        </p>
                      )}
                    </>
                  )}
                </Panel>
                {selected && (
                  <SidePanel
                    title={
                      <Link to="/jobs/$id" params={{ id: jobIdOf(selected.id) }}>
                        Job {selected.id}
                      </Link>
                    }
                    onClose={() => setUrl({ job: undefined })}
                  >
                    <WhyPending job={selected} />
                  </SidePanel>
                )}
              </div>
            </>
          )
        }
      </Loaded>
    </Page>
  )
}

function answerOf({ summary, freshness }: QueueJson, stuck: number): string {
  if (summary === null) return `What waits is not known: ${freshness.slurm_problem ?? 'Slurm has not been seen'}.`
  if (summary.pending === 0) return 'No job waits.'
  const parts = summary.by_reason
    .filter(({ jobs }) => jobs > 0)
    .map(({ label, jobs }) => `${formatCount(jobs)} ${label}`)
  const text = `${plural(summary.pending, 'job waits', 'jobs wait')}: ${parts.join(', ')}.`
  return stuck > 0 ? `${text} ${plural(stuck, 'job', 'jobs')} will not start without somebody’s act.` : text
}

const columns: readonly Column<PendingJobJson>[] = [
  {
    key: 'id',
    title: 'Job',
    width: 'minmax(104px, 1.1fr)',
    cell: ({ id }) => (
      <Link to="/jobs/$id" params={{ id: jobIdOf(id) }} title={id}>
        <Id>{id}</Id>
      </Link>
    ),
  },
  { key: 'user', title: 'User', width: 'minmax(70px, 0.8fr)', cell: ({ user }) => user },
  {
    key: 'partition',
    title: 'Partition',
    width: 'minmax(70px, 0.8fr)',
    isExtra: 'phone',
    cell: ({ partition }) => partition,
  },
  {
    key: 'size',
    title: 'Asks for',
    width: 'minmax(128px, 1.5fr)',
    isExtra: 'phone',
    cell: ({ nodes, gpus, tasks }) =>
      `${tasks > 1 ? `${tasks} × ` : ''}${plural(nodes, 'node')}, ${plural(gpus, 'GPU')}`,
  },
  { key: 'why', title: 'Why it waits', width: 'minmax(160px, 3fr)', isText: true, cell: ({ why }) => why },
  {
    key: 'waits',
    title: 'Waits',
    width: '72px',
    align: 'end',
    cell: ({ waiting_seconds }) => <Value value={waiting_seconds} format={formatDuration} />,
  },
  {
    key: 'start',
    title: 'Estimate',
    width: '92px',
    align: 'end',
    isExtra: 'phone',
    cell: ({ expected_start }) =>
      expected_start === null ? <span className="soft">none</span> : <Age at={expected_start} />,
  },
]
