import { setImmediate } from 'node:timers/promises'
import type { NavarchConfig } from '@navarch/config/navarch-config'
import type { Alert, Readings } from '@navarch/core/alert/alert'
import type { MetricName } from '@navarch/core/alert/alert-metrics'
import { summaryOf } from '@navarch/core/alert/alert-words'
import type { AlertEvent } from '@navarch/core/alert/evaluate-rules'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'
import type { RunCommand } from '@navarch/system/run-command'
import type { Fleet } from '../fleet/fleet.ts'
import { loop } from '../loop.ts'
import type { Pools } from '../reconcile/pools.ts'
import { type AlertService, createAlertService } from '../services/alert-service.ts'
import type { JobReads } from '../services/jobs/job-service.ts'
import type { Places } from '../slurm/places.ts'
import type { SlurmLink } from '../slurm/slurm-link.ts'
import type { Store } from '../store/store.ts'
import { createAlertJudge } from './alert-judge.ts'
import { createAlertSources } from './alert-sources.ts'
import { openAlertLedger } from './alert-state.ts'
import { createAsked } from './asked.ts'
import { followFailedOperations } from './failed-operations.ts'
import { createMirror } from './mirror.ts'
import { createOutbox, isUnusable } from './outbox.ts'
import { wasteReadings } from './own-readings.ts'
import { mirrorMs } from './receivers/alertmanager.ts'
import { secretReader } from './receivers/create-sender.ts'
import { watchDatabases } from './watched-databases.ts'
import { watchSecrets } from './watched-secrets.ts'
import { watchVolumes } from './watched-volumes.ts'

export interface StartAlertsOptions {
  config: Pick<NavarchConfig, 'alerts' | 'pools'> & {
    server: Pick<NavarchConfig['server'], 'heartbeatTimeoutMs'>
    slurm: Pick<NavarchConfig['slurm'], 'pollIntervalMs'>
  }
  store: Pick<Store, 'alerts'>
  fleet: Fleet
  pools: Pools
  slurm: SlurmLink | undefined
  /** Where Slurm's topology has the nodes. */
  places: () => Places
  waste: JobReads['waste']
  conditions: readonly string[]
  /** Since when agents can reach us; undefined: they cannot yet. */
  listeningSince: () => number | undefined
  dataDir: string
  signal: AbortSignal
  effects: {
    clock: Clock
    random: () => number
    newId: () => string
    run: RunCommand
    fetch: typeof fetch
    env: Readonly<Record<string, string | undefined>>
    /** How full the file system of a path is, percent; undefined where it has no blocks. */
    volumeUse: (path: string) => Promise<number | undefined>
    log: Log
  }
}

export interface Alerts {
  service: AlertService
  /** Begins to judge and to tell. Resolves when all of it has ended. */
  run(): Promise<void>[]
  /** One round now. */
  judge(): Promise<void>
  /** Receivers that no message would reach as they are configured, in sentences. */
  conditions(): string[]
  /** How many operations failed within the last day, and were not taken up again. */
  failedLately(): number
}

/** A fault is judged this long after it was reported, ms: others of the same moment come along. */
const wakeMs = 250
/** Rounds that were not asked for by the clock take at most a tenth of the time. */
const restShare = 9
const dayMs = 24 * 3_600_000
/** How often it is asked what costs a process, ms. */
const volumesMs = 10_000
/** How often what costs a database something, ms. */
const databasesMs = 60_000
/** How often it is looked whether what is wrong with a receiver was mended, ms. */
const secretsMs = 60_000

/** Judges rules, keeps alerts, and tells of them. */
export async function startAlerts(options: StartAlertsOptions): Promise<Alerts> {
  const { config, fleet, slurm, signal, effects } = options
  const { clock, log, newId } = effects
  const spec = config.alerts
  const ledger = await openAlertLedger(options.store.alerts, clock.now)
  const failedOperations = await followFailedOperations(fleet, options.store.alerts, clock.now)
  const operationOf = ({ labels: { operation, node } }: Alert): string | undefined => {
    const found = operation === undefined ? fleet.operationOf(node ?? '') : fleet.operations.get(operation)
    // What waits for a person's word is at nothing.
    return found?.state === 'waiting_for_approval' ? undefined : found?.id
  }
  const proposalOf = ({ labels: { operation, node } }: Alert): string | undefined => {
    const found = operation === undefined ? fleet.proposalOf(node ?? '') : fleet.operations.get(operation)
    return found?.state === 'waiting_for_approval' ? found.id : undefined
  }
  const receiverEffects = { fetch: effects.fetch, now: clock.now, secret: secretReader(effects.env) }
  const outbox = createOutbox({
    receivers: spec.receivers,
    ledger,
    effects: { ...receiverEffects, clock, random: effects.random, log },
    signal,
  })
  /** Those that no rule is about are not asked for. */
  const askedFor = (metric: MetricName, staleAfterMs: number, ask: () => Promise<Readings>) =>
    createAsked({
      ask,
      wanted: () => judge.rules().some((rule) => rule.enabled && rule.metric === metric),
      staleAfterMs,
      now: clock.now,
    })
  const waste = askedFor('job_idle_gpus', 5 * databasesMs, async () => wasteReadings(await options.waste()))
  const volumes = askedFor(
    'volume_used_percent',
    6 * volumesMs,
    watchVolumes({ paths: [options.dataDir, ...spec.volumes], useOf: effects.volumeUse, now: clock.now, log }),
  )
  const databases = askedFor(
    'database_connections_percent',
    5 * databasesMs,
    watchDatabases({ databases: spec.databases, own: options.store.alerts.connections, run: effects.run, log }),
  )
  const lookForSecrets = watchSecrets({
    receivers: spec.receivers,
    secret: receiverEffects.secret,
    outbox,
    clock,
  })
  const sources = createAlertSources({
    fleet,
    pools: options.pools,
    poolSpecs: config.pools,
    slurm,
    places: options.places,
    slurmPollMs: config.slurm.pollIntervalMs,
    heartbeatTimeoutMs: config.server.heartbeatTimeoutMs,
    listeningSince: () => options.listeningSince() ?? clock.now(),
    failedOperations,
    waste: waste.last,
    volumes: volumes.last,
    databases: databases.last,
    receivers: () => ({
      values: spec.receivers.map(({ name }) => {
        const { failures, error, lastSentAt } = outbox.statusOf(name)
        const value = failures === 0 && lastSentAt === undefined ? undefined : failures
        return { key: name, labels: { receiver: name }, value, note: `does not take messages: ${error}` }
      }),
    }),
    conditions: () => [...options.conditions, ...unusable()],
    looks: () => judge.looks(),
    now: clock.now,
  })
  const judge = createAlertJudge({
    spec,
    ledger,
    sources,
    operationOf,
    proposalOf,
    breathe: setImmediate,
    now: clock.now,
    newId,
  })
  const mirror = createMirror({
    receivers: spec.receivers.flatMap((receiver) => (receiver.type === 'alertmanager' ? [receiver] : [])),
    routes: spec.routes,
    heard: judge.heard,
    over: (id) => ledger.state().over.get(id),
    rule: judge.rule,
    url: spec.url,
    noteOutcome: outbox.noteOutcome,
    effects: { ...receiverEffects, clock },
    signal,
  })

  function unusable(): string[] {
    return spec.receivers.flatMap(({ name }) => {
      const status = outbox.statusOf(name)
      return isUnusable(status) ? [`receiver ${name} of alerts cannot be used: ${status.error}`] : []
    })
  }

  let running: Promise<void> | undefined
  let again = false
  const round = async (): Promise<void> => {
    do {
      again = false
      const events = await judge.judge()
      outbox.wake()
      wakeForGroups()
      if (events.length > 0) {
        void mirror.tell()
        await fleet.commit(historyLines(events))
      }
    } while (again && !signal.aborted)
  }
  /** Rounds never overlap; one that is asked for during another comes after it. */
  const judgeNow = (): Promise<void> => {
    again = true
    running ??= round().finally(() => {
      running = undefined
    })
    return running
  }
  let cancelWake: (() => void) | undefined
  const wake = () => {
    cancelWake ??= clock.after(Math.max(wakeMs, judge.tookMs() * restShare), () => {
      cancelWake = undefined
      if (!signal.aborted)
        judgeNow().catch((error: unknown) => log.error('alerts not judged', { error: String(error) }))
    })
  }
  /** Groups whose first message is due before the next round. */
  const wakeForGroups = () => {
    const waits = [...ledger.state().groups.values()].flatMap((group) => {
      const route = spec.routes.find((each) => each.name === group.route)
      return route && group.notifiedAt === undefined ? [group.startedAt + route.groupWaitMs - clock.now()] : []
    })
    const soonest = Math.min(...waits)
    if (soonest > 0 && soonest < spec.intervalMs) clock.after(soonest, wake)
  }

  return {
    judge: judgeNow,
    conditions: unusable,
    failedLately: () => failedOperations.all().filter(({ updatedAt }) => clock.now() - updatedAt < dayMs).length,
    service: createAlertService({
      spec,
      ledger,
      judge,
      outbox,
      mirror,
      reads: options.store.alerts,
      operationOf,
      proposalOf,
      wake,
      now: clock.now,
      newId,
    }),
    run() {
      const stopFleet = fleet.subscribe((changes) => {
        const asks = changes.some(
          (change) => change.kind === 'finding' || (change.kind === 'operation' && change.operation.state === 'failed'),
        )
        if (asks) wake()
      })
      const stopLooks = slurm?.onLook(() => judge.looked(slurm.view().error === undefined))
      signal.addEventListener('abort', () => {
        stopFleet()
        stopLooks?.()
        failedOperations.stop()
        cancelWake?.()
      })
      outbox.wake()
      return [
        loop(clock, signal, log, 'secrets of receivers', secretsMs, lookForSecrets),
        loop(clock, signal, log, 'volumes', volumesMs, volumes.look),
        loop(clock, signal, log, 'connections of databases', databasesMs, databases.look),
        loop(clock, signal, log, 'idle GPUs of jobs', databasesMs, waste.look),
        loop(clock, signal, log, 'alerts', spec.intervalMs, judgeNow),
        loop(clock, signal, log, 'alertmanager', mirrorMs, () => mirror.tell()).then(() => outbox.idle()),
      ]
    },
  }
}

const namedAtMost = 3

/** What fired or is over, for the fleet's history: a line for each rule. */
function historyLines(events: readonly AlertEvent[]) {
  const lines = Map.groupBy(events, ({ kind, alert }) => `${alert.rule} ${kind === 'fired' ? 'fires' : 'is over'}`)
  return [...lines].map(([what, those]) => {
    const summaries = those.slice(0, namedAtMost).map(({ alert }) => summaryOf(alert))
    const more = those.length > namedAtMost ? ` and ${those.length - namedAtMost} more` : ''
    const shared = (label: string) => {
      const values = new Set(those.map(({ alert }) => alert.labels[label] ?? ''))
      return values.size === 1 ? ([...values][0] ?? '') : ''
    }
    return {
      kind: 'event' as const,
      type: 'alert',
      message: `${what}: ${summaries.join('; ')}${more}`,
      node: shared('node'),
      pool: shared('pool'),
      operation: shared('operation'),
    }
  })
}
