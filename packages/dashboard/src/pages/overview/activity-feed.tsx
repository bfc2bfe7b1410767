import { type ActivityJson, viewRoutes } from '@navarch/api/views'
import { Link } from '@tanstack/react-router'
import { useApi } from '../../api/queries.ts'
import { Empty, Loaded } from '../../components/feedback.tsx'
import { HoursSwitch, useHours } from '../../components/hours-switch.tsx'
import { Panel } from '../../components/panel.tsx'
import { ScrollArea } from '../../components/scroll-area.tsx'
import { Age, Id } from '../../components/value.tsx'
import { formatExactTime } from '../../lib/format.ts'
import { withQuery } from '../../lib/path.ts'

const stretches = { '1': 'hour', '24': 'day' } as const

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
  const hours = useHours(stretches, '1')
  const word = stretches[hours]
  const query = useApi<ActivityJson[]>(withQuery(viewRoutes.activity, { hours }), { topics: ['live'] })
  return (
    <Panel
      className="activity-panel"
      title={`What changed in the last ${word}`}
      aside={<HoursSwitch stretches={stretches} usual="1" />}
    >
      <Loaded query={query} rows={8}>
        {(feed) =>
          feed.length === 0 ? (
            <Empty title={`Nothing changed in the last ${word}.`}>Calm is good.</Empty>
          ) : (
            <ScrollArea label="What changed" className="activity">
              <ol>
                {feed.slice(0, most).map((entry) => (
                  <ActivityLine key={entry.id} entry={entry} />
                ))}
              </ol>
            </ScrollArea>
          )
        }
      </Loaded>
    </Panel>
  )
}

function ActivityLine({ entry }: { entry: ActivityJson }) {
  const { at, since, kind, severity, text, count, nodes, pools, operations } = entry
  const title = count > 1 ? `${count} times since ${formatExactTime(Date.parse(since))}` : ''
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
