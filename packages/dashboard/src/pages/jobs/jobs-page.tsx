import { type JobJson, type JobListJson, jobRoutes, type WasteJson } from '@navarch/api/jobs'
import { Link, useNavigate } from '@tanstack/react-router'
import { useApi } from '../../api/queries.ts'
import { Meter } from '../../components/bars.tsx'
import { ToneChip } from '../../components/chips.tsx'
import { Empty, Loaded } from '../../components/feedback.tsx'
import { Page, Panel } from '../../components/panel.tsx'
import { SidePanel } from '../../components/side-panel.tsx'
import { type Column, Table } from '../../components/table.tsx'
import { Age, Id, Unknown } from '../../components/value.tsx'
import { formatDuration, formatNumber, plural } from '../../lib/format.ts'
import { withQuery } from '../../lib/path.ts'
import { useUrlState } from '../../lib/url-state.ts'
import { JobSummary } from './job-summary.tsx'
import { shareOf, stateOfJob, toneOfJob } from './job-words.ts'

const states = ['', 'running', 'pending', 'completed', 'failed', 'cancelled'] as const
/** Jobs that one page of the list has. */
const pageSize = 200

const columns: readonly Column<JobJson>[] = [
  {
    key: 'id',
    title: 'Job',
    width: 'minmax(92px, 0.8fr)',
    cell: (job) => (
      <Link to="/jobs/$id" params={{ id: job.run_id }}>
        <Id>{job.id}</Id>
      </Link>
    ),
  },
  { key: 'name', title: 'Name', width: 'minmax(90px, 1.4fr)', isExtra: true, cell: (job) => job.name ?? '' },
  { key: 'user', title: 'User', width: 'minmax(70px, 1fr)', cell: (job) => job.user },
  {
    key: 'partition',
    title: 'Partition',
    width: 'minmax(70px, 1fr)',
    isExtra: true,
    cell: (job) => job.scheduler?.partition ?? <Unknown />,
  },
  {
    key: 'state',
    title: 'State',
    width: 'minmax(100px, 1.4fr)',
    cell: (job) => <ToneChip tone={toneOfJob(job.state)}>{stateOfJob(job)}</ToneChip>,
  },
  { key: 'nodes', title: 'Nodes', width: '52px', align: 'end', isExtra: true, cell: (job) => job.node_count },
  {
    key: 'gpus',
    title: 'GPUs',
    width: '48px',
    align: 'end',
    isExtra: true,
    cell: (job) => job.allocated_gpus ?? (job.gpus.length > 0 ? job.gpus.length : <Unknown />),
  },
  {
    key: 'cpu',
    title: 'CPU',
    width: '110px',
    isExtra: true,
    cell: (job) => <Meter label="CPU" value={job.cpu_usage} />,
  },
  {
    key: 'memory',
    title: 'Memory',
    width: '110px',
    isExtra: true,
    cell: (job) => <Meter label="Memory" value={shareOf(job.memory_usage_mb, job.allocated_memory_mb)} />,
  },
  {
    key: 'gpu',
    title: 'GPU',
    width: '110px',
    isExtra: true,
    cell: (job) => <Meter label="GPU" value={job.gpu_usage} />,
  },
  {
    key: 'runtime',
    title: 'Ran',
    width: '72px',
    align: 'end',
    cell: (job) => formatDuration(job.runtime_seconds),
  },
  {
    key: 'start',
    title: 'Started',
    width: '88px',
    align: 'end',
    isExtra: true,
    cell: (job) => <Age at={job.start_time} />,
  },
]

/** All jobs, newest first, and those that hold GPUs and do not use them. */
export function JobsPage() {
  const [url, setUrl] = useUrlState()
  const navigate = useNavigate()
  const isWaste = url['view'] === 'waste'
  const offset = Number(url['offset'] ?? 0) || 0
  const list = useApi<JobListJson>(
    withQuery(jobRoutes.jobs, {
      state: url['state'],
      user: url['user'],
      account: url['account'],
      partition: url['partition'],
      node: url['node'],
      limit: pageSize,
      offset,
    }),
    { topics: ['live'], enabled: !isWaste },
  )
  const waste = useApi<WasteJson[]>(jobRoutes.waste, { topics: ['live'] })
  const selected = list.data?.jobs.find((job) => job.run_id === url['job'])
  return (
    <Page
      title="Jobs"
      mood={(waste.data?.length ?? 0) > 0 ? 'mending' : 'good'}
      answer={answerOf(list.data, waste.data)}
      aside={
        <span className="button-row">
          <button type="button" className="button" aria-pressed={!isWaste} onClick={() => setUrl({ view: undefined })}>
            All
          </button>
          <button type="button" className="button" aria-pressed={isWaste} onClick={() => setUrl({ view: 'waste' })}>
            Held but idle
          </button>
        </span>
      }
    >
      {isWaste ? (
        <Panel>
          <Loaded query={waste}>{(rows) => <WasteList rows={rows} />}</Loaded>
        </Panel>
      ) : (
        <>
          <Filters url={url} setUrl={setUrl} />
          <div className="with-panel">
            <Panel>
              <Loaded query={list} rows={10}>
                {({ jobs, total }) =>
                  jobs.length === 0 ? (
                    <Empty title="No job fits.">
                      Jobs appear when Slurm runs them; <code>navarch hooks install</code> on the nodes has even
                      one-second jobs seen.
                    </Empty>
                  ) : (
                    <>
                      <Table
                        label="Jobs"
                        rows={jobs}
                        columns={columns}
                        keyOf={(job) => job.run_id}
                        {...(url['job'] === undefined ? {} : { selected: url['job'] })}
                        onSelect={(job) => setUrl({ job: job.run_id })}
                        onOpen={(job) => void navigate({ to: '/jobs/$id', params: { id: job.run_id } })}
                      />
                      <Pager offset={offset} count={jobs.length} total={total} setUrl={setUrl} />
                    </>
                  )
                }
              </Loaded>
            </Panel>
            {selected && (
              <SidePanel
                title={
                  <Link to="/jobs/$id" params={{ id: selected.run_id }}>
                    Job {selected.id}
                  </Link>
                }
                onClose={() => setUrl({ job: undefined })}
              >
                <JobSummary id={selected.run_id} />
              </SidePanel>
            )}
          </div>
        </>
      )}
    </Page>
  )
}

function answerOf(list: JobListJson | undefined, waste: readonly WasteJson[] | undefined): string {
  const count = list === undefined ? '' : `${plural(list.total, 'job')}. `
  if (waste === undefined) return count
  if (waste.length === 0) return `${count}No running job holds GPUs without using them.`
  const gpus = waste.reduce((sum, { gpus_idle }) => sum + gpus_idle, 0)
  return `${count}${plural(waste.length, 'running job holds', 'running jobs hold')} ${plural(gpus, 'GPU')} without using them.`
}

function Filters({
  url,
  setUrl,
}: {
  url: Record<string, string>
  setUrl: (change: Record<string, string | undefined>) => void
}) {
  const fields = ['user', 'account', 'partition', 'node'] as const
  return (
    <div className="filters">
      <label>
        State
        <select
          value={url['state'] ?? ''}
          onChange={(event) => setUrl({ state: event.target.value, offset: undefined })}
        >
          {states.map((state) => (
            <option key={state} value={state}>
              {state === '' ? 'any' : state}
            </option>
          ))}
        </select>
      </label>
      {fields.map((field, index) => (
        <input
          key={field}
          aria-label={field}
          placeholder={field}
          value={url[field] ?? ''}
          {...(index === 0 ? { 'data-filter': '' } : {})}
          onChange={(event) => setUrl({ [field]: event.target.value, offset: undefined })}
        />
      ))}
    </div>
  )
}

function Pager({
  offset,
  count,
  total,
  setUrl,
}: {
  offset: number
  count: number
  total: number
  setUrl: (change: Record<string, string | undefined>) => void
}) {
  if (total <= pageSize) return null
  return (
    <p className="filters">
      {offset + 1} to {offset + count} of {total}
      <button
        type="button"
        className="button"
        disabled={offset === 0}
        onClick={() => setUrl({ offset: String(Math.max(0, offset - pageSize)) })}
      >
        Newer
      </button>
      <button
        type="button"
        className="button"
        disabled={offset + count >= total}
        onClick={() => setUrl({ offset: String(offset + pageSize) })}
      >
        Older
      </button>
    </p>
  )
}

const wasteColumns: readonly Column<WasteJson>[] = [
  {
    key: 'job',
    title: 'Job',
    width: '100px',
    cell: (row) => (
      <Link to="/jobs/$id" params={{ id: row.run_id }}>
        <Id>{row.job_id}</Id>
      </Link>
    ),
  },
  { key: 'user', title: 'User', width: '1fr', cell: (row) => row.user },
  { key: 'account', title: 'Account', width: '1fr', isExtra: true, cell: (row) => row.account ?? '' },
  {
    key: 'idle',
    title: 'Idle of held',
    width: '100px',
    align: 'end',
    cell: (row) => `${row.gpus_idle} of ${row.gpus_held}`,
  },
  { key: 'since', title: 'Since', width: '100px', align: 'end', cell: (row) => <Age at={row.idle_since} /> },
  {
    key: 'hours',
    title: 'GPU hours',
    width: '90px',
    align: 'end',
    isExtra: true,
    cell: (row) => formatNumber(row.idle_gpu_hours),
  },
  { key: 'reason', title: 'Seen', width: '2fr', isExtra: true, cell: (row) => row.reason },
]

function WasteList({ rows }: { rows: readonly WasteJson[] }) {
  if (rows.length === 0) return <Empty title="No running job holds GPUs without using them." />
  return <Table label="GPUs that are held and idle" rows={rows} columns={wasteColumns} keyOf={(row) => row.run_id} />
}
