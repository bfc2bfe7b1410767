import { type PoolHistoryJson, viewRoutes } from '@navarch/api/views'
import { useMemo } from 'react'
import { useApi } from '../../api/queries.ts'
import type { ChartSpec } from '../../charts/chart-spec.ts'
import { TimeChart } from '../../charts/time-chart.tsx'
import { Empty, Loaded } from '../../components/feedback.tsx'
import { dayStretches, HoursSwitch, useHours } from '../../components/hours-switch.tsx'
import { Panel } from '../../components/panel.tsx'
import { ScrollArea } from '../../components/scroll-area.tsx'
import { Age } from '../../components/value.tsx'
import { formatWhole } from '../../lib/format.ts'
import { fillPath, withQuery } from '../../lib/path.ts'
import { newestDecisions } from './newest-decisions.ts'

/** Steps over time of what a pool wanted and had, with the decisions. */
export function PoolHistory({ name }: { name: string }) {
  const hours = useHours(dayStretches, '24')
  const query = useApi<PoolHistoryJson>(withQuery(fillPath(viewRoutes.poolHistory, { name }), { hours }), {
    topics: ['live'],
  })
  return (
    <Panel title="Size over time" aside={<HoursSwitch stretches={dayStretches} usual="24" />}>
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
          <ScrollArea className="decisions" label="Decisions">
            <ol>
              {newestDecisions(history.decisions).map(({ at, text }) => (
                <li key={`${at} ${text}`}>
                  <Age at={at} /> <span>{text}</span>
                </li>
              ))}
            </ol>
          </ScrollArea>
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
