import { type ActivityJson, viewRoutes } from '@navarch/api/views'
import { Link } from '@tanstack/react-router'
import { useApi } from '../../api/queries.ts'
import { Empty, Loaded } from '../../components/feedback.tsx'
import { Panel } from '../../components/panel.tsx'
import { Age, Id } from '../../components/value.tsx'
import { formatTime } from '../../lib/format.ts'
import { withQuery } from '../../lib/path.ts'
import { useUrlState } from '../../lib/url-state.ts'

const stretches = [
  ['1', 'hour'],
  ['24', 'day'],
] as const

/** Things shown at once. */
const most = 60

const kinds: Record<ActivityJson['kind'], string> = {
  fault: 'fault',
  drain: 'drain',
  return: 'return',
  replacement: 'replaced',
  scaling: 'size',
  person: 'person',
  alert: 'alert',
  slurm: 'Slurm',
  other: 'other',
}

/** What changed: faults, drains, replacements, sizes, people's acts in one feed, alike things folded. */
export function ActivityFeed() {
  const [url, setUrl] = useUrlState()
  const hours = url['hours'] === '24' ? '24' : '1'
  const query = useApi<ActivityJson[]>(withQuery(viewRoutes.activity, { hours }), { topics: ['live'] })
  return (
    <Panel
      className="activity-panel"
      title={`What changed in the last ${hours === '24' ? 'day' : 'hour'}`}
      aside={
        <span className="button-row">
          {stretches.map(([key, label]) => (
            <button
              key={key}
              type="button"
              className="button"
              aria-pressed={key === hours}
              onClick={() => setUrl({ hours: key === '1' ? undefined : key })}
            >
              {label}
            </button>
          ))}
        </span>
      }
    >
      <Loaded query={query} rows={8}>
        {(feed) =>
          feed.length === 0 ? (
            <Empty title={`Nothing changed in the last ${hours === '24' ? 'day' : 'hour'}.`}>Calm is good.</Empty>
          ) : (
            // biome-ignore lint/a11y/noNoninteractiveTabindex: a long feed is scrolled with the keyboard
            <ol className="activity" tabIndex={0} aria-label="What changed">
              {feed.slice(0, most).map((entry) => (
                <ActivityLine key={entry.id} entry={entry} />
              ))}
            </ol>
          )
        }
      </Loaded>
    </Panel>
  )
}

function ActivityLine({ entry }: { entry: ActivityJson }) {
  const { at, since, kind, severity, text, count, nodes, pools, operations } = entry
  const title = count > 1 ? `${count} times since ${formatTime(Date.parse(since))}` : ''
  const [operation] = operations
  return (
    <li className={`activity-line severity-${severity}`}>
      <span className="activity-age">
        <Age at={at} />
      </span>
      <span className="activity-kind">
        <span className="visually-hidden">{severity === 'info' ? '' : `${severity}: `}</span>
        {kinds[kind]}
      </span>
      <span className="activity-text" title={title}>
        {text}
        <span className="activity-links">
          {' '}
          {nodes.length <= 3 &&
            nodes.map((node) => (
              <Link key={node} to="/nodes/$id" params={{ id: node }}>
                <Id>{node}</Id>
              </Link>
            ))}
          {nodes.length > 3 && (
            <Link to="/nodes" search={{ q: `node:${nodes.slice(0, 40).join(',')}` }}>
              {nodes.length} nodes
            </Link>
          )}
          {nodes.length === 0 &&
            pools.slice(0, 2).map((pool) => (
              <Link key={pool} to="/pools/$name" params={{ name: pool }}>
                {pool}
              </Link>
            ))}
          {operation !== undefined && operations.length === 1 && (
            <Link to="/operations/$id" params={{ id: operation }}>
              <Id>{operation}</Id>
            </Link>
          )}
        </span>
      </span>
    </li>
  )
}
