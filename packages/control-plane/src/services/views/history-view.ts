import type { FleetHistoryJson, PoolHistoryJson } from '@navarch/api/views'
import { type FleetFigure, fleetFigures, type PoolFigure, poolFigures } from '../../history/figures.ts'
import { fleetScope, poolScope, readTimeline } from '../../history/timeline.ts'
import type { TimelinePoint } from '../../store/store.ts'
import { time } from '../render.ts'
import { ServiceError } from '../service-error.ts'
import type { ViewContext } from './view-context.ts'

/** Decisions of a pool's size that are shown at most. */
const mostDecisions = 200

/** The fleet's figures over some hours, up to now. */
export async function historyOf(context: ViewContext, hours: number): Promise<FleetHistoryJson> {
  const now = context.clock.now()
  const past = await readTimeline(context.fleet.history, fleetScope, hours, now)
  await context.upToDate()
  const rows = [...context.rows.rows().values()].map((row) => row.json)
  const present = { at: now, spanMs: 0, values: fleetFigures(rows, context.sight()) }
  return { points: [...past, present].map(fleetPoint) }
}

function fleetPoint({ at, values }: TimelinePoint): FleetHistoryJson['points'][number] {
  const value = (name: FleetFigure) => values[name] ?? null
  return {
    at,
    gpus_busy: value('gpus_busy'),
    gpus_idle: value('gpus_idle'),
    gpus_broken: value('gpus_broken'),
    gpus_coming: value('gpus_coming'),
    jobs_pending: value('jobs_pending'),
    jobs_running: value('jobs_running'),
    gpu_percent: value('gpu_percent'),
  }
}

/** A pool's size over some hours as steps, up to now, and what was decided about it. */
export async function poolHistoryOf(
  context: Pick<ViewContext, 'fleet' | 'clock' | 'config' | 'poolViews'>,
  pool: string,
  hours: number,
): Promise<PoolHistoryJson> {
  const view = (await context.poolViews()).get(pool)
  if (!view) {
    const known = context.config.pools.map((spec) => spec.name).join(', ') || 'none'
    throw new ServiceError('not_found', `pool not found: ${pool}; pools here: ${known}`)
  }
  const now = context.clock.now()
  const { history } = context.fleet
  const [past, decisions] = await Promise.all([
    readTimeline(history, poolScope(pool), hours, now),
    history.eventsOf({ from: now - hours * 3_600_000, to: now, pool, types: ['pool-size'], limit: mostDecisions }),
  ])
  const points = [...past, { at: now, spanMs: 0, values: poolFigures(view) }].map(poolPoint)
  return {
    pool,
    points: points.filter((point, index) => index === points.length - 1 || !isSame(point, points[index - 1])),
    decisions: decisions.toReversed().map((event) => ({ at: time(event.at), text: event.message })),
  }
}

type PoolPoint = PoolHistoryJson['points'][number]

function poolPoint({ at, values }: TimelinePoint): PoolPoint {
  const value = (name: PoolFigure) => values[name] ?? null
  return {
    at,
    wanted: value('wanted'),
    ready: value('ready'),
    busy: value('busy'),
    provisioning: value('provisioning'),
    min: value('min'),
    max: value('max'),
    pending_jobs: value('pending_jobs'),
    ...(Object.keys(values).length === 0 && { gap: true }),
  }
}

/** A point that says what the one before it said holds already. */
function isSame(point: PoolPoint, before: PoolPoint | undefined): boolean {
  if (!before) return false
  const { at: _at, ...values } = point
  const { at: _before, ...held } = before
  return JSON.stringify(values) === JSON.stringify(held)
}
