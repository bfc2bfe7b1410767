import { type PoolHistoryJson, viewRoutes } from '@navarch/api/views'
import { useMemo } from 'react'
import { useApi } from '../../api/queries.ts'
import type { ChartSpec } from '../../charts/chart-options.ts'
import { TimeChart } from '../../charts/time-chart.tsx'
import { Empty, Loaded } from '../../components/feedback.tsx'
import { Panel } from '../../components/panel.tsx'
import { Age } from '../../components/value.tsx'
import { formatWhole } from '../../lib/format.ts'
import { fillPath, withQuery } from '../../lib/path.ts'
import { useUrlState } from '../../lib/url-state.ts'

const stretches = [
  ['6', '6 h'],
  ['24', '24 h'],
  ['168', '7 d'],
] as const

/** Steps over time of what a pool wanted and had, with the decisions. */
export function PoolHistory({ name }: { name: string }) {
  const [url, setUrl] = useUrlState()
  const hours = stretches.find(([key]) => key === url['hours'])?.[0] ?? '24'
  const query = useApi<PoolHistoryJson>(withQuery(fillPath(viewRoutes.poolHistory, { name }), { hours }), {
    topics: ['live'],
  })
  return (
    <Panel
      title="Size over time"
      aside={
        <span className="button-row">
          {stretches.map(([key, label]) => (
            <button
              key={key}
              type="button"
              className="button"
              aria-pressed={key === hours}
              onClick={() => setUrl({ hours: key === '24' ? undefined : key })}
            >
              {label}
            </button>
          ))}
        </span>
      }
    >
      <Loaded query={query} rows={7}>
        {(history) =>
          history.points.length === 0 ? (
            <Empty title="Nothing is on record yet.">The first point comes within a minute.</Empty>
          ) : (
            <History history={history} />
          )
        }
      </Loaded>
    </Panel>
  )
}

function History({ history }: { history: PoolHistoryJson }) {
  const size = useMemo(() => sizeSpec(history), [history])
  const waiting = useMemo(() => waitingSpec(history), [history])
  return (
    <>
      <TimeChart title="Nodes" spec={size} height={220} />
      {waiting && <TimeChart title="Jobs that wait" spec={waiting} height={90} />}
      {history.decisions.length > 0 && (
        <>
          <h3 className="decisions-head">Decisions</h3>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long list is scrolled with the keyboard */}
          <ol className="decisions" tabIndex={0} aria-label="Decisions">
            {history.decisions
              .slice(-12)
              .reverse()
              .map(({ at, text }) => (
                <li key={`${at} ${text}`}>
                  <Age at={at} /> <span>{text}</span>
                </li>
              ))}
          </ol>
        </>
      )}
    </>
  )
}

function sizeSpec({ points, decisions }: PoolHistoryJson): ChartSpec {
  const line = (
    label: string,
    color: string,
    read: (point: PoolHistoryJson['points'][number]) => number | null,
    more: object = {},
  ) => ({
    label,
    color,
    values: points.map(read),
    isStepped: true,
    ...more,
  })
  return {
    times: points.map(({ at }) => at),
    unit: 'nodes',
    format: formatWhole,
    lines: [
      line('busy', '--chart-1', ({ busy }) => busy, { isFilled: true }),
      line('ready', '--chart-3', ({ ready }) => ready),
      line('wanted', '--chart-2', ({ wanted }) => wanted),
      line('minimum', '--text-faint', ({ min }) => min, { isDashed: true }),
      line('maximum', '--text-faint', ({ max }) => max, { isDashed: true }),
    ],
    bands: decisions.map(({ at }) => ({ from: Date.parse(at), to: Date.parse(at), text: '', tone: 'info' as const })),
  }
}

function waitingSpec({ points }: PoolHistoryJson): ChartSpec | undefined {
  if (points.every(({ pending_jobs: pending }) => pending === null)) return undefined
  return {
    times: points.map(({ at }) => at),
    unit: 'jobs',
    format: formatWhole,
    lines: [
      {
        label: 'pending jobs',
        color: '--chart-4',
        values: points.map(({ pending_jobs: pending }) => pending),
        isStepped: true,
        isFilled: true,
      },
    ],
  }
}
