import { setImmediate } from 'node:timers/promises'
import type { NavarchConfig } from '@navarch/config/navarch-config'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'
import type { Fleet } from '../../fleet/fleet.ts'
import { fleetFigures, poolFigures } from '../../history/figures.ts'
import { createGpuRings } from '../../history/gpu-rings.ts'
import { createRecorder, recordEveryMs } from '../../history/recorder.ts'
import { createStateTurns } from '../../history/state-turns.ts'
import { loop } from '../../loop.ts'
import type { Pools } from '../../reconcile/pools.ts'
import type { Places } from '../../slurm/places.ts'
import type { SlurmLink } from '../../slurm/slurm-link.ts'
import type { JobReads } from '../jobs/job-service.ts'
import { activityOf } from './activity-view.ts'
import { type Completions, createCompletions } from './completions.ts'
import { createFleetFeed } from './fleet-feed.ts'
import { createFleetRows } from './fleet-rows.ts'
import { freshnessJson, slurmSight } from './freshness.ts'
import { historyOf, poolHistoryOf } from './history-view.ts'
import { overviewOf } from './overview-view.ts'
import { createPoolViews } from './pool-views.ts'
import { queueOf } from './queue-view.ts'
import { createReturnTimes } from './return-times.ts'
import { searchFor } from './search-view.ts'
import { slurmViewOf } from './slurm-view.ts'
import { nodeStoryOf } from './story-view.ts'
import { bringUpToDate } from './up-to-date.ts'
import type { AlertCounts, ViewContext } from './view-context.ts'
import type { ViewService } from './view-service.ts'

export interface ViewServiceDeps {
  fleet: Fleet
  config: Pick<NavarchConfig, 'pools' | 'server' | 'slurm'>
  slurm: SlurmLink | undefined
  /** Where Slurm's topology has the nodes; another map each time it has changed. */
  places: () => Places
  pools: Pools
  clock: Clock
  /** Ends what goes on by itself. */
  signal: AbortSignal
  log: Log
  jobs: Pick<JobReads, 'list' | 'runs'>
  /** The user that our commands run as; undefined: not known. */
  ownUser: string | undefined
  /** Alerts that fire; absent: there are none here. */
  alerts?: () => AlertCounts
  /** Operations that failed within the last day and were not tried again. */
  failedOperations: () => number
}

const hourMs = 3_600_000

/** The views, and what goes on by itself for them. */
export interface Views {
  service: ViewService
  /** Begins to record figures; ends with the signal. */
  run(): Promise<void>[]
}

/** Puts together what the dashboard shows. */
export function createViews(deps: ViewServiceDeps): Views {
  const { fleet, config, slurm, pools, clock, signal, log } = deps
  const silentAfterMs = config.server.heartbeatTimeoutMs
  const turns = createStateTurns()
  const rings = createGpuRings(silentAfterMs)
  const everyMs = config.slurm.pollIntervalMs
  const sight = () => slurmSight(slurm?.view(), everyMs)
  const freshness = () => freshnessJson(sight(), everyMs, clock.now())
  const rows = createFleetRows({
    fleet,
    slurm: sight,
    places: deps.places,
    silentAfterMs,
    now: clock.now,
    onChange: (id, row, at) => (row ? turns.record(id, row.state, at) : turns.forget(id, at)),
  })
  const upToDate = () => bringUpToDate(rows, setImmediate)
  const completions = createCompletions()
  const poolViews = createPoolViews({
    pools,
    specs: config.pools,
    fleet,
    slurm,
    now: clock.now,
    breathe: setImmediate,
    signal,
  })
  const stopLooks = slurm?.onLook(() => {
    const { snapshot } = slurm.view()
    if (snapshot) completions.look(snapshot)
  })
  signal.addEventListener('abort', () => stopLooks?.())
  void rememberCompletions(completions, deps.jobs, clock.now()).catch((error: unknown) =>
    log.warn('jobs that were completed before the start are not counted', { error: String(error) }),
  )
  const context: ViewContext = {
    fleet,
    config,
    slurm,
    clock,
    rows,
    upToDate,
    silentAfterMs,
    rings,
    turns,
    jobs: deps.jobs,
    ownUser: deps.ownUser,
    completions,
    returnTimes: createReturnTimes(fleet),
    sight,
    freshness,
    slurmFailed: () => sight().state === 'stale' && slurm?.view().error !== undefined,
    alerts: deps.alerts ?? (() => ({ critical: 0, warning: 0, info: 0, todo: [] })),
    poolViews,
    poolProblems: async () =>
      [...(await poolViews())].flatMap(([pool, view]) =>
        pools
          .conditions(view)
          .filter(({ type, status }) => status === 'false' && (type !== 'SlurmReady' || sight().state === 'fresh'))
          .map(({ message }) => ({ pool, message })),
      ),
    awaitsApproval: ({ state }) => state === 'waiting_for_approval',
    failedOperations: async () => deps.failedOperations(),
  }
  const feed = createFleetFeed({ rows, fleet, slurm, freshness, upToDate, clock, signal })

  const record = createRecorder({
    store: fleet.history,
    now: clock.now,
    onRound: (now) => rings.record(fleet.nodes.values(), now),
    async figures() {
      await upToDate()
      const shown = [...rows.rows().values()].map((row) => row.json)
      const views = [...(await poolViews())]
      return {
        fleet: fleetFigures(shown, sight()),
        pools: new Map(views.map(([name, view]) => [name, poolFigures(view)])),
      }
    },
  })
  return {
    service: {
      overview: () => overviewOf(context),
      activity: (filter) => activityOf(context, filter),
      fleet: feed,
      nodeStory: (id, hours) => nodeStoryOf(context, id, hours),
      poolHistory: (pool, hours) => poolHistoryOf(context, pool, hours),
      history: (hours) => historyOf(context, hours),
      queue: (filter) => queueOf(context, filter),
      slurm: () => slurmViewOf(context),
      search: (text, limit) => searchFor(context, text, limit),
    },
    run: () => [loop(clock, signal, log, 'timeline', recordEveryMs, record)],
  }
}

/** Jobs of one question to the store, and most that are asked for. */
const completionPage = 1_000
const mostCompletions = 20_000

/** What was completed in the hour before this process began, slurmctld has forgotten. */
async function rememberCompletions(completions: Completions, jobs: Pick<JobReads, 'list'>, now: number): Promise<void> {
  const filter = {
    state: 'completed' as const,
    user: undefined,
    account: undefined,
    partition: undefined,
    node: undefined,
  }
  for (let offset = 0; offset < mostCompletions; offset += completionPage) {
    const page = await jobs.list({ ...filter, from: now - hourMs, to: now, limit: completionPage, offset })
    for (const job of page.jobs) {
      const ended = Date.parse(job.end_time ?? '')
      if (now - ended <= hourMs) completions.add(job.run_id, job.scheduler?.partition ?? '', ended)
    }
    if (page.jobs.length < completionPage) return
  }
}
