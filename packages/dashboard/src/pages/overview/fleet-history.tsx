import { type FleetHistoryJson, viewRoutes } from '@navarch/api/views'
import { useMemo } from 'react'
import { useApi } from '../../api/queries.ts'
import type { ChartSpec } from '../../charts/chart-spec.ts'
import { TimeChart } from '../../charts/time-chart.tsx'
import { Empty, Loaded } from '../../components/feedback.tsx'
import { Panel } from '../../components/panel.tsx'
import { formatWhole } from '../../lib/format.ts'
import { withQuery } from '../../lib/path.ts'

type Point = FleetHistoryJson['points'][number]

/** The fleet over the last day. */
export function FleetHistory() {
  const query = useApi<FleetHistoryJson>(withQuery(viewRoutes.history, { hours: 24 }), { everyMs: 60_000 })
  return (
    <Panel title="The last 24 hours">
      <Loaded query={query} rows={8}>
        {({ points }) =>
          points.length < 2 ? (
            <Empty title="Nothing is on record yet.">The first line appears within a few minutes.</Empty>
          ) : (
            <Charts points={points} />
          )
        }
      </Loaded>
    </Panel>
  )
}

function Charts({ points }: { points: readonly Point[] }) {
  const gpus = useMemo(() => gpuSpec(points), [points])
  const jobs = useMemo(() => jobSpec(points), [points])
  const use = useMemo(() => loadSpec(points), [points])
  const range = { from: points[0]?.at ?? 0, to: points.at(-1)?.at ?? 1 }
  return (
    <div className="stacked">
      <TimeChart title="GPUs" spec={gpus} height={150} range={range} />
      <TimeChart title="GPU use" spec={use} height={90} range={range} />
      <TimeChart title="Jobs" spec={jobs} height={110} range={range} />
    </div>
  )
}

const timesOf = (points: readonly Point[]) => points.map(({ at }) => at)

function gpuSpec(points: readonly Point[]): ChartSpec {
  return {
    times: timesOf(points),
    unit: 'GPUs',
    format: formatWhole,
    lines: [
      { label: 'busy', color: '--chart-1', values: points.map((point) => point.gpus_busy), isFilled: true },
      { label: 'idle', color: '--text-faint', values: points.map((point) => point.gpus_idle) },
      { label: 'broken', color: '--act', values: points.map((point) => point.gpus_broken) },
      { label: 'coming', color: '--state-powering', values: points.map((point) => point.gpus_coming), isDashed: true },
    ],
  }
}

function loadSpec(points: readonly Point[]): ChartSpec {
  return {
    times: timesOf(points),
    unit: '%',
    format: (value) => `${Math.round(value)} %`,
    max: 100,
    lines: [{ label: 'mean use', color: '--chart-3', values: points.map((point) => point.gpu_percent) }],
  }
}

function jobSpec(points: readonly Point[]): ChartSpec {
  return {
    times: timesOf(points),
    unit: 'jobs',
    format: formatWhole,
    lines: [
      { label: 'running', color: '--chart-1', values: points.map((point) => point.jobs_running) },
      { label: 'waiting', color: '--chart-4', values: points.map((point) => point.jobs_pending) },
    ],
  }
}
