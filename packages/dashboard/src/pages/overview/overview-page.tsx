import { type OverviewJson, viewRoutes } from '@navarch/api/views'
import { Link } from '@tanstack/react-router'
import { useApi } from '../../api/queries.ts'
import { FreshnessMark } from '../../app/freshness.tsx'
import { StackBar } from '../../components/bars.tsx'
import { Failure, Skeleton } from '../../components/feedback.tsx'
import { Page } from '../../components/page.tsx'
import { Panel } from '../../components/panel.tsx'
import { Unknown, Value } from '../../components/value.tsx'
import { formatCount } from '../../lib/format.ts'
import { useUrlState } from '../../lib/url-state.ts'
import { ActivityFeed } from './activity-feed.tsx'
import { FleetHistory } from './fleet-history.tsx'
import { FleetPanel } from './fleet-panel.tsx'
import { TodoList } from './todo-list.tsx'

/** Whether anything is wrong, what changed, and what Navarch is doing. */
export function OverviewPage() {
  const [url] = useUrlState()
  const query = useApi<OverviewJson>(viewRoutes.overview, { topics: ['live'] })
  const { data, error } = query
  const isKiosk = 'kiosk' in url
  return (
    <Page
      title="Overview"
      mood={data?.mood ?? 'unknown'}
      answer={data?.sentence ?? (error ? 'Whether anything is wrong cannot be told now.' : 'Looking…')}
      {...(isKiosk && { aside: <FreshnessMark /> })}
    >
      {error && <Failure error={error} onRetry={() => void query.refetch()} />}
      {data && !isKiosk && <TodoList todo={data.todo} />}
      <div className="overview-top">
        <FleetPanel height={isKiosk ? 420 : 330} />
        <div className="stacked">
          <Panel title="GPUs">{data ? <Gpus overview={data} /> : <Skeleton rows={2} />}</Panel>
          <Panel title="Queue">{data ? <Queue overview={data} /> : <Skeleton rows={2} />}</Panel>
          <Panel title="Now">{data ? <Numbers overview={data} /> : <Skeleton rows={3} />}</Panel>
        </div>
      </div>
      <div className="overview-below">
        <ActivityFeed />
        <FleetHistory />
      </div>
    </Page>
  )
}

function Gpus({ overview: { gpus } }: { overview: OverviewJson }) {
  return (
    <StackBar
      label="GPUs"
      unit="GPUs"
      segments={[
        { key: 'busy', label: 'busy', value: gpus.busy, className: 'state-busy' },
        { key: 'idle', label: 'idle', value: gpus.idle, className: 'state-idle' },
        { key: 'broken', label: 'out of service', value: gpus.broken, className: 'state-drained' },
        { key: 'coming', label: 'coming', value: gpus.coming, className: 'state-powering' },
        { key: 'unknown', label: 'not known', value: gpus.unknown, className: 'state-unknown' },
      ]}
    />
  )
}

function Queue({ overview: { queue, jobs_running: running } }: { overview: OverviewJson }) {
  if (queue === null) {
    return (
      <p>
        <Unknown why="Slurm is not seen" /> Slurm is not seen, so nobody knows what waits.
      </p>
    )
  }
  return (
    <>
      <p className="queue-sentence">
        <Link to="/queue">
          {queue.pending === 0
            ? 'No job waits'
            : `${formatCount(queue.pending)} ${queue.pending === 1 ? 'job waits' : 'jobs wait'}`}
        </Link>
        ,{' '}
        <Link to="/jobs" search={{ state: 'running' }}>
          <Value value={running} format={formatCount} /> run
        </Link>
      </p>
      {queue.pending > 0 && (
        <StackBar
          label="Jobs that wait, by reason"
          unit="jobs"
          segments={queue.by_reason
            .filter(({ jobs }) => jobs > 0)
            .map(({ kind, label, jobs }) => ({
              key: kind,
              label,
              value: jobs,
              className: `reason-${kind}`,
              link: (
                <Link to="/queue" search={{ reason: kind }}>
                  {label}
                  {kind === 'stuck' && ': see why'}
                </Link>
              ),
            }))}
        />
      )}
    </>
  )
}

function Numbers({ overview }: { overview: OverviewJson }) {
  const { cpus, throughput, alerts, operations } = overview
  return (
    <dl className="facts">
      <dt>Alerts</dt>
      <dd>
        <Link to="/alerts">
          {alerts.critical + alerts.warning + alerts.info === 0
            ? 'none'
            : `${alerts.critical} critical, ${alerts.warning} warning, ${alerts.info} info`}
        </Link>
      </dd>
      <dt>Operations</dt>
      <dd>
        <Link to="/operations">
          {operations.running} running, {operations.waiting} waiting
        </Link>
        {operations.to_approve.length > 0 && (
          <>
            ,{' '}
            <Link to="/operations" search={{ state: 'waiting_for_approval' }}>
              {operations.to_approve.length} to approve
            </Link>
          </>
        )}
        {operations.failed > 0 && (
          <>
            ,{' '}
            <Link to="/operations" search={{ state: 'failed' }}>
              {operations.failed} failed
            </Link>
          </>
        )}
      </dd>
      <dt>CPUs</dt>
      <dd>
        {cpus === null ? (
          <Unknown />
        ) : (
          <>
            {formatCount(cpus.allocated)} of {formatCount(cpus.total)} in use, {formatCount(cpus.idle)} idle
            {cpus.other > 0 && `, ${formatCount(cpus.other)} out of service`}
          </>
        )}
      </dd>
      <dt>Jobs done in an hour</dt>
      <dd>
        {throughput === null ? (
          <Unknown />
        ) : throughput.length === 0 ? (
          'none'
        ) : (
          throughput.map(({ partition, completed }, index) => (
            <span key={partition}>
              {index > 0 && ', '}
              {formatCount(completed)} <span className="soft">in {partition}</span>
            </span>
          ))
        )}
      </dd>
    </dl>
  )
}
