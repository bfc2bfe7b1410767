import type { ActivityJson } from '@navarch/api/views'
import { foldActivity } from '@navarch/core/activity/fold-activity'
import { time } from '../render.ts'
import type { ViewContext } from './view-context.ts'
import type { ActivityFilter } from './view-service.ts'

/** Events that are read for one answer, and lines that it has. */
const mostEvents = 20_000
const mostLines = 500

/** Types of event that are worth a line, each by itself or with others. */
const told = [
  'finding',
  'node-status',
  'node-health',
  'operation',
  'operation-step',
  'pool-size',
  'command',
  'alert',
  'observed',
]

/** What happened of late, newest first, alike things folded. */
export async function activityOf(context: ViewContext, { hours, pool, node }: ActivityFilter): Promise<ActivityJson[]> {
  const now = context.clock.now()
  const events = await context.fleet.history.eventsOf({
    from: now - hours * 3_600_000,
    to: now,
    ...(pool !== undefined && { pool }),
    ...(node !== undefined && { node }),
    types: told,
    limit: mostEvents,
  })
  const rows = context.rows.rows()
  return foldActivity(events, (id) => rows.get(id)?.json.rack ?? '')
    .slice(0, mostLines)
    .map((activity) => ({ ...activity, at: time(activity.at), since: time(activity.since) }))
}
