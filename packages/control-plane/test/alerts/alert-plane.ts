import type { AlertJson } from '@navarch/api/alerts'
import type { WasteJson } from '@navarch/api/jobs'
import { type AlertsSpec, defaultAlerts } from '@navarch/core/alert/alerts-spec'
import { silentLog } from '@navarch/system/log'
import type { RunCommand } from '@navarch/system/run-command'
import { type Alerts, type StartAlertsOptions, startAlerts } from '../../src/alerts/start-alerts.ts'
import { createProviderGate } from '../../src/operations/provider-gate.ts'
import { createPools } from '../../src/reconcile/pools.ts'
import type { AlertFilter } from '../../src/services/alert-service.ts'
import { noPlaces, type Places } from '../../src/slurm/places.ts'
import type { SlurmLink } from '../../src/slurm/slurm-link.ts'
import { poolSpec, type RunningPlane, type World } from '../world.ts'

/** What a test says of the world around. */
export interface Surroundings {
  slurm?: SlurmLink
  places: Places
  waste: WasteJson[]
  conditions: string[]
  run: RunCommand
  /** Percent; one that never resolves is a file system that does not answer. */
  volumeUse: number | Promise<number>
  fetch: typeof fetch
  env: Record<string, string>
}

export interface AlertPlane {
  alerts: Alerts
  service: Alerts['service']
  /** All that match. */
  list(filter: Omit<AlertFilter, 'limit' | 'offset'>): AlertJson[]
  /** Names of rules that fire. */
  firing(): string[]
  stop(): void
}

export function surroundings(): Surroundings {
  return {
    places: noPlaces,
    waste: [],
    conditions: [],
    volumeUse: 10,
    run: () => Promise.reject(new Error('nothing is to be run')),
    fetch: () => Promise.reject(new TypeError('fetch failed')),
    env: {},
  }
}

let ids = 0

/** Alerts over a control plane of the world, with its disk and its clock. */
export async function startAlertPlane(
  world: World,
  plane: RunningPlane,
  around: Surroundings,
  spec: Partial<AlertsSpec> = {},
): Promise<AlertPlane> {
  const { clock } = world
  const stopping = new AbortController()
  const pool = poolSpec()
  const config = {
    pools: [pool],
    server: { heartbeatTimeoutMs: 90_000 },
    slurm: { pollIntervalMs: 15_000 },
    alerts: { ...defaultAlerts, ...spec },
  } satisfies StartAlertsOptions['config']
  const { slurm } = around
  const pools = createPools({
    fleet: plane.fleet,
    engine: plane.engine,
    config,
    slurm,
    provider: () => world.provider,
    gate: createProviderGate(() => 0.5),
    clock,
    log: silentLog,
    metrics: async () => undefined,
  })
  const since = clock.now()
  const alerts = await startAlerts({
    config,
    store: plane.store,
    fleet: plane.fleet,
    pools,
    slurm,
    places: () => around.places,
    waste: async () => around.waste,
    conditions: around.conditions,
    listeningSince: () => since,
    dataDir: '/',
    signal: stopping.signal,
    effects: {
      clock,
      random: () => 0.5,
      newId: () => `al${++ids}`,
      run: (program, args, options) => around.run(program, args, options),
      fetch: (input, init) => around.fetch(input, init),
      env: around.env,
      volumeUse: async () => around.volumeUse,
      log: silentLog,
    },
  })
  void Promise.all(alerts.run())
  await clock.advance(0)
  const list: AlertPlane['list'] = (filter) => alerts.service.list(filter).alerts
  return {
    alerts,
    service: alerts.service,
    list,
    firing: () => [...new Set(list({ state: 'firing' }).map((alert) => alert.rule))].sort(),
    stop: () => stopping.abort(new Error('stopped')),
  }
}
