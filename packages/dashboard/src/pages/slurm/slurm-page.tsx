import { type RpcJson, type SlurmViewJson, viewRoutes } from '@navarch/api/views'
import { Link } from '@tanstack/react-router'
import { useApi } from '../../api/queries.ts'
import { Meter } from '../../components/bars.tsx'
import { ToneChip } from '../../components/chips.tsx'
import { Empty, Loaded } from '../../components/feedback.tsx'
import { Page } from '../../components/page.tsx'
import { Panel } from '../../components/panel.tsx'
import { type Column, Table } from '../../components/table.tsx'
import { Age, Id, Value } from '../../components/value.tsx'
import { formatBytes, formatCount, formatNumber, formatPercent } from '../../lib/format.ts'

const milliseconds = (value: number) => `${formatNumber(value)} ms`

/** Slurm itself: is it well, and who keeps it busy. */
export function SlurmPage() {
  const view = useApi<SlurmViewJson>(viewRoutes.slurm, { topics: ['live'] })
  if (view.error?.code === 'unavailable' && view.data === undefined) return <NoSlurm />
  return (
    <Page
      title={view.data?.cluster ? `Slurm, ${view.data.cluster}` : 'Slurm'}
      aside={view.data?.version && <span className="soft">{view.data.version}</span>}
      {...(view.data ? { answer: view.data.sentence, mood: view.data.mood } : {})}
    >
      <Loaded query={view} rows={10}>
        {(data) => (
          <>
            <div className="page-grid">
              <Panel title="Controllers">
                {data.controllers.length === 0 ? (
                  <Empty title="No Slurm is watched here.">
                    A control plane on a host with slurm.conf and scontrol finds it by itself.
                  </Empty>
                ) : (
                  <ul className="stacked">
                    {data.controllers.map(({ host, role, state }) => (
                      <li key={host} className="row">
                        <Id>{host}</Id> <span className="soft">{role}</span>
                        <ToneChip tone={state === 'up' ? 'good' : state === 'down' ? 'act' : 'unknown'}>
                          {state}
                        </ToneChip>
                      </li>
                    ))}
                  </ul>
                )}
              </Panel>
              <Panel
                title="Scheduler"
                aside={
                  data.diag && (
                    <span className="soft">
                      since <Age at={data.diag.since} />
                    </span>
                  )
                }
              >
                {data.diag === null ? <Empty title="sdiag said nothing." /> : <Scheduler diag={data.diag} />}
              </Panel>
              <Panel title="Our own look" aside={data.freshness.slurm_at && <Age at={data.freshness.slurm_at} />}>
                <dl className="facts">
                  <dt>Share of RPC time</dt>
                  <dd>
                    <Value value={data.diag?.own_share_percent} format={formatPercent} />
                  </dd>
                  {data.costs.map(({ command, ms, bytes }) => (
                    <Cost key={command} command={command} ms={ms} bytes={bytes} />
                  ))}
                </dl>
                {data.problems.map((problem) => (
                  <p key={problem} className="stale-line">
                    {problem}
                  </p>
                ))}
              </Panel>
            </div>
            <Panel title="Partitions">
              <Table label="Partitions" rows={data.partitions} columns={partitionColumns} keyOf={({ name }) => name} />
            </Panel>
            {data.diag && (
              <div className="page-grid">
                <Panel title="RPC load by type">
                  <Table
                    label="RPC load by type"
                    rows={data.diag.rpc_by_type}
                    columns={rpcColumns}
                    keyOf={({ name }) => name}
                  />
                </Panel>
                <Panel title="RPC load by user">
                  <Table
                    label="RPC load by user"
                    rows={data.diag.rpc_by_user}
                    columns={rpcColumns}
                    keyOf={({ name }) => name}
                  />
                </Panel>
              </div>
            )}
          </>
        )}
      </Loaded>
    </Page>
  )
}

/** A control plane without Slurm is no failure. */
function NoSlurm() {
  return (
    <Page title="Slurm" answer="No Slurm is watched here.">
      <Panel>
        <Empty title="Nodes and pools work without it; jobs, the queue and drains need it.">
          With <code>slurm.driver: auto</code> in <code>navarch-config.yaml</code>, a control plane on a host with{' '}
          <code>slurm.conf</code> and <code>scontrol</code> finds it when it starts. From elsewhere set{' '}
          <code>driver: rest</code> and <code>rest_url</code>, the address of slurmrestd.
        </Empty>
      </Panel>
    </Page>
  )
}

function Cost({ command, ms, bytes }: SlurmViewJson['costs'][number]) {
  return (
    <>
      <dt>
        <code>{command}</code>
      </dt>
      <dd>
        {milliseconds(ms)}, {formatBytes(bytes)}
      </dd>
    </>
  )
}

function Scheduler({ diag }: { diag: NonNullable<SlurmViewJson['diag']> }) {
  const { jobs } = diag
  return (
    <dl className="facts">
      <dt>Main cycle</dt>
      <dd>
        <Value value={diag.last_cycle_ms} format={milliseconds} />
        <span className="soft">
          {' '}
          last, <Value value={diag.mean_cycle_ms} format={milliseconds} /> mean
        </span>
      </dd>
      <dt>Backfill</dt>
      <dd>
        <Value value={diag.last_backfill_ms} format={milliseconds} />
        <span className="soft"> last</span>
      </dd>
      <dt>Queue length</dt>
      <dd>
        <Value value={diag.queue_length} format={formatCount} />
      </dd>
      <dt>Threads</dt>
      <dd>{diag.server_threads} at work</dd>
      <dt>Agent queue</dt>
      <dd>
        {diag.agent_queue}, to the database {diag.dbd_agent_queue}
      </dd>
      <dt>Jobs</dt>
      <dd>
        {formatCount(jobs.submitted)} submitted, {formatCount(jobs.started)} started, {formatCount(jobs.completed)}{' '}
        completed, {formatCount(jobs.failed)} failed, {formatCount(jobs.cancelled)} cancelled
      </dd>
    </dl>
  )
}

type Partition = SlurmViewJson['partitions'][number]
const partitionColumns: readonly Column<Partition>[] = [
  {
    key: 'name',
    title: 'Partition',
    width: 'minmax(84px, 1fr)',
    cell: ({ name }) => (
      <Link to="/nodes" search={{ q: `partition:${name}` }}>
        <Id>{name}</Id>
      </Link>
    ),
  },
  {
    key: 'state',
    title: 'State',
    width: '60px',
    cell: ({ state }) => <ToneChip tone={state === 'UP' ? 'good' : 'act'}>{state}</ToneChip>,
  },
  {
    key: 'nodes',
    title: 'Nodes',
    width: '100px',
    align: 'end',
    isExtra: true,
    cell: (row) => `${row.nodes_idle} idle of ${row.nodes}`,
  },
  {
    key: 'gpus',
    title: 'GPUs',
    width: '108px',
    cell: (row) =>
      row.gpus === 0 ? (
        <span className="soft">none</span>
      ) : (
        <Meter label="GPUs used" value={row.gpus_used === null ? null : (row.gpus_used / row.gpus) * 100} />
      ),
  },
  {
    key: 'running',
    title: 'Running',
    width: '76px',
    align: 'end',
    isExtra: true,
    cell: ({ running }) => formatCount(running),
  },
  {
    key: 'pending',
    title: 'Pending',
    width: '76px',
    align: 'end',
    isExtra: true,
    cell: ({ name, pending }) => (
      <Link to="/queue" search={{ partition: name }}>
        {formatCount(pending)}
      </Link>
    ),
  },
  {
    key: 'ended',
    title: 'Completed, last hour',
    width: '140px',
    align: 'end',
    isExtra: true,
    cell: (row) => formatCount(row.completed_last_hour),
  },
]

const rpcColumns: readonly Column<RpcJson>[] = [
  {
    key: 'name',
    title: 'Who or what',
    width: 'minmax(120px, 2fr)',
    cell: ({ name }) => (
      <span title={name}>
        <Id>{name}</Id>
      </span>
    ),
  },
  { key: 'count', title: 'Calls', width: '64px', align: 'end', cell: ({ count }) => formatCount(count) },
  {
    key: 'mean',
    title: 'Mean',
    width: '80px',
    align: 'end',
    isExtra: true,
    cell: ({ mean_ms }) => milliseconds(mean_ms),
  },
  {
    key: 'total',
    title: 'In all',
    width: '64px',
    align: 'end',
    cell: ({ total_ms }) => `${formatNumber(total_ms / 1000)} s`,
  },
]
