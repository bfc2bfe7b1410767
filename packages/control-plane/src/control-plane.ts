import { join } from 'node:path'
import { NodeCommandType } from '@navarch/api/control-plane'
import type { NavarchConfig, ProviderSpec } from '@navarch/config/navarch-config'
import type { PoolSpec } from '@navarch/core/pool/pool-spec'
import { openKnownHosts } from '@navarch/hosts/known-hosts'
import { renderMetrics } from '@navarch/metrics/exposition'
import { createProvider, type ProviderContext } from '@navarch/providers/create-provider'
import type { Provider } from '@navarch/providers/provider'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'
import type { RunCommand } from '@navarch/system/run-command'
import { newSecret } from '@navarch/system/secret'
import { startAlerts } from './alerts/start-alerts.ts'
import { volumeUse } from './alerts/watched-volumes.ts'
import { defaultJobsPort } from './environment.ts'
import { loadFleet } from './fleet/fleet.ts'
import { startJobs } from './jobs.ts'
import { loop } from './loop.ts'
import type { OperationDeps } from './operations/deps.ts'
import { createEngine } from './operations/engine.ts'
import { createProviderGate } from './operations/provider-gate.ts'
import { createSshBootstrapper } from './operations/ssh-bootstrapper.ts'
import { takeBack } from './operations/steps/remove.ts'
import { stepOf } from './operations/steps/steps.ts'
import { nodeAfter } from './reconcile/end-of-operation.ts'
import { checkHeartbeats } from './reconcile/heartbeats.ts'
import { metricsSourceOf } from './reconcile/metrics-source.ts'
import { createPools } from './reconcile/pools.ts'
import { repair } from './reconcile/repair.ts'
import { openLogin } from './server/auth/open-login.ts'
import { startServer } from './server/start-server.ts'
import { openTlsCertificate } from './server/tls-certificate.ts'
import { createAgentService } from './services/agent-service.ts'
import { createBackupService } from './services/backup-service.ts'
import { createEventService } from './services/event-service.ts'
import { createNodeService } from './services/node-service.ts'
import { createOperationService } from './services/operation-service.ts'
import { createPoolService } from './services/pool-service.ts'
import type { Services } from './services/services.ts'
import { createViews } from './services/views/create-views.ts'
import { connectSlurm } from './slurm/connect-slurm.ts'
import type { SlurmLink } from './slurm/slurm-link.ts'
import { watchTopology } from './slurm/topology-watch.ts'
import { openStores } from './store/open-stores.ts'
import { createCounters } from './telemetry/counters.ts'
import { fleetMetrics } from './telemetry/fleet-metrics.ts'
import { createSlurmMetrics, portWithoutSlurm, slurmMetricsAddress } from './telemetry/slurm-exporter.ts'
import { version } from './version.ts'

export interface ControlPlaneOptions {
  config: NavarchConfig
  dataDir: string
  /** A PostgreSQL to keep everything in, in place of files in `dataDir`. */
  databaseUrl?: string
  /** In place of `server.address`. */
  address?: { host: string; port: number }
  authToken?: string
  /** Folder of what `/download/` serves. */
  downloadDir?: string
  /** Folder of the built dashboard; absent: there is none. */
  dashboardDir?: string
  effects: ControlPlaneEffects
}

/** The outside world. */
export interface ControlPlaneEffects {
  clock: Clock
  /** Numbers in [0, 1). */
  random: () => number
  /** Random and unique, safe in names of machines and hosts. */
  newId: () => string
  /** 256 random bits as 43 characters of base64url; absent: the machine's own. */
  newSecret?: () => string
  run: RunCommand
  /** Runs Slurm's commands; absent: `run`. */
  runSlurm?: RunCommand
  fetch: typeof fetch
  env: Readonly<Record<string, string | undefined>>
  log: Log
  /**
   * The store could not take a change: what this process knows is ahead of the disk, and it must end at once so that a new
   * one goes on from there.
   */
  onStoreLost: (error: unknown) => void
  /** Closes this control plane and starts another in its place: a restore was decided. Absent: nothing can be restored. */
  onRestart?: () => void
  /** How simulated machines behave. */
  fake?: ProviderContext['fake']
}

export interface ControlPlane {
  /** Base URL of the one port. */
  url: string
  services: Services
  /** Base URL of the port for the job API alone; absent: there is none. */
  jobsUrl?: string
  /** Base URL of the port for Slurm's figures alone; absent: there is none. */
  slurmMetricsUrl?: string
  /** Stops taking requests, lets steps that run come to a recorded stop, closes the store. Takes at most `graceMs`. */
  close(graceMs: number): Promise<void>
}

/** How often health by silence is looked at, and touched nodes are stored, ms. */
const housekeepingMs = 5_000
const flushMs = 10 * 60_000
/** How often it is stored when sessions and tokens were used, ms. */
const accessFlushMs = 60_000

/**
 * Starts a control plane: store, Slurm poller, loops, server. It depends on nothing outside: what is missing or
 * unreachable shows as a condition.
 * @throws StoreError, or the server's start error, when it cannot run at all
 */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { config, dataDir, effects } = options
  const { clock, random, newId, log } = effects
  const stopping = new AbortController()
  const { signal } = stopping

  const stores = await openStores({
    dataDir,
    ...(options.databaseUrl !== undefined && { databaseUrl: options.databaseUrl }),
    productVersion: version,
    effects,
  })
  const store = stores.fleet
  const fleet = await loadFleet(store, clock.now, (error) => {
    // At the end the store closes under what is still running; that loses nothing.
    if (!signal.aborted) effects.onStoreLost(error)
  })
  const login = await openLogin({
    server: config.server,
    authToken: options.authToken,
    store,
    fleet,
    effects: { ...effects, newSecret: effects.newSecret ?? newSecret },
  })
  const slurm = await connectSlurm(config.slurm, effects)
  const places = watchTopology(slurm, signal, effects)
  const slurmMetrics = slurm && createSlurmMetrics(slurm, config.slurm.pollIntervalMs, effects)
  const counters = createCounters()
  const gate = createProviderGate(random)
  const providers = new Map(config.providers.map((spec) => [spec.name, makeProvider(spec, options)]))
  const provider = (name: string): Provider | undefined => providers.get(name)
  const poolByName = new Map(config.pools.map((pool) => [pool.name, pool]))
  let port = 0

  const deps: OperationDeps = {
    fleet,
    slurm,
    provider,
    pool: (name) => poolByName.get(name),
    gate,
    bootstrapper: createSshBootstrapper({
      config,
      port: () => port,
      authToken: login.agentToken,
      slurm,
      knownHosts: openKnownHosts(join(dataDir, 'known-hosts.json')),
      ...(effects.env['SSH_AUTH_SOCK'] !== undefined && { sshAgent: effects.env['SSH_AUTH_SOCK'] }),
      clock,
      random,
      log,
      newId,
    }),
    clock,
    log,
    newToken: newId,
  }
  const engine = createEngine({
    fleet,
    clock,
    random,
    log,
    stepOf: (operation) => stepOf(deps, operation),
    rollback: (context) => takeBack(deps, context),
    onEnd: (operation) => nodeAfter(fleet, operation, clock.now()),
    rejectCooldownMs: (pool) => poolByName.get(pool)?.rejectCooldownMs ?? 0,
    newId,
    signal,
  })
  const pools = createPools({
    fleet,
    engine,
    config,
    slurm,
    provider,
    gate,
    clock,
    log,
    metrics: async (pool) => metricsSourceOf(pool, effects)?.read(pool.name, signal),
  })
  const reconcile = () => void pools.reconcile()

  const conditions: string[] = [...login.conditions]
  const jobs = await startJobs({
    store: stores.jobs,
    findings: (node, limit) => store.findings(node, limit),
    config,
    fleetNodes: () => fleet.nodes.values(),
    conditions,
    slurm,
    noteOutput: (node, parameters) => services.agents.issueCommand(node, NodeCommandType.NOTE_JOB_OUTPUT, parameters),
    signal,
    version,
    effects,
  })
  const repairs = {
    ...{ fleet, engine, log, clock },
    mode: (pool: string) => poolByName.get(pool)?.mode ?? 'act',
    shown: new Map<string, string>(),
  }
  let listeningFrom: number | undefined
  const alerts = await startAlerts({
    config,
    store,
    fleet,
    pools,
    slurm,
    places,
    waste: jobs.service.waste,
    conditions,
    listeningSince: () => listeningFrom,
    dataDir,
    signal,
    effects: { ...effects, volumeUse: volumeUse(effects.run) },
  })
  const nodes = createNodeService({ fleet, engine, slurm, clock })
  const views = createViews({
    fleet,
    config,
    slurm,
    places,
    pools,
    clock,
    signal,
    log,
    jobs: jobs.service,
    alerts: alerts.service.counts,
    failedOperations: alerts.failedLately,
    ownUser: effects.env['USER'],
  })
  const services: Services = {
    nodes,
    pools: createPoolService({ fleet, config, pools, reconcile }),
    operations: createOperationService(fleet, engine),
    events: createEventService(fleet),
    agents: createAgentService({
      fleet,
      config,
      clock,
      log,
      counters,
      newId,
      poolOf: (node) => poolOfNode(config.pools, slurm, pools, node),
      describe: nodes.describe,
      onUnhealthy: (node, decision) => repair(repairs, node, decision),
      onNews: (node) => engine.wake(node),
    }),
    backups: createBackupService({ stores, clock, restart: effects.onRestart }),
    jobs: jobs.service,
    alerts: alerts.service,
    views: views.service,
    version: () => ({
      version,
      store: store.description,
      slurm: slurm?.view().snapshot?.version.text ?? null,
      conditions: [...conditions, ...alerts.conditions()],
    }),
    notReady: () => (signal.aborted ? 'stopping' : undefined),
    metrics: async () =>
      renderMetrics(fleetMetrics({ fleet, config, pools, slurm, counters, now: clock.now })) +
      (await jobs.metrics()) +
      ((await slurmMetrics?.text()) ?? ''),
  }

  const address = options.address ?? config.server.address
  const { tls } = config.server
  const stopAtStart = async (error: unknown): Promise<never> => {
    stopping.abort(error)
    slurm?.stop()
    await stores.close()
    throw error
  }
  const certificate = tls && (await openTlsCertificate(tls, effects).catch(stopAtStart))
  const server = await startServer({
    address,
    ...jobsAddressBeside(address, config.server.jobsAddress),
    services,
    login,
    ...(tls && certificate && { tls: { certificate, hstsMs: tls.hstsMs } }),
    ...(options.downloadDir !== undefined && { downloadDir: options.downloadDir }),
    ...(options.dashboardDir !== undefined && { dashboardDir: options.dashboardDir }),
    log,
    clock,
    newId,
    linkDeadlineMs: config.server.heartbeatTimeoutMs,
  }).catch((error: unknown) => {
    certificate?.close()
    return stopAtStart(error)
  })
  port = server.address.port
  if (server.jobs?.problem !== undefined) conditions.push(server.jobs.problem)
  const exporterAddress = slurmMetricsAddress(address, config.server.slurmMetricsAddress)
  const slurmMetricsPort = exporterAddress && (await slurmMetrics?.open(exporterAddress, certificate))
  if (slurmMetricsPort?.problem !== undefined) conditions.push(slurmMetricsPort.problem)
  const unserved = slurm ? undefined : portWithoutSlurm(config.server.slurmMetricsAddress)
  if (unserved !== undefined) {
    log.warn(unserved)
    conditions.push(unserved)
  }
  const listeningSince = clock.now()
  listeningFrom = listeningSince

  for (const pool of config.pools) {
    const { name, instanceType, minNodes, maxNodes } = pool
    log.info('pool configured', { pool: name, instance_type: instanceType, min_nodes: minNodes, max_nodes: maxNodes })
  }
  engine.wake()
  const loops = [
    loop(clock, signal, log, 'autoscaler', config.server.autoscaleIntervalMs, () => pools.reconcile()),
    loop(clock, signal, log, 'heartbeats', housekeepingMs, () =>
      checkHeartbeats(fleet, log, { timeoutMs: config.server.heartbeatTimeoutMs, listeningSince }, clock.now()),
    ),
    loop(clock, signal, log, 'flush', flushMs, () => fleet.flush()),
    loop(clock, signal, log, 'access', accessFlushMs, () => login.flush()),
    ...jobs.run(),
    ...alerts.run(),
    ...views.run(),
  ]
  // The first look at Slurm is what the first decision waits for, not for the clock.
  const stopFirst = slurm?.onLook(() => {
    stopFirst?.()
    reconcile()
  })

  return {
    url: server.url,
    services,
    ...(server.jobs?.problem === undefined && server.jobs && { jobsUrl: server.jobs.url }),
    ...(slurmMetricsPort?.url !== undefined && { slurmMetricsUrl: slurmMetricsPort.url }),
    async close(graceMs) {
      stopping.abort(new Error('the control plane is stopping'))
      slurm?.stop()
      await Promise.all([server.close(graceMs), slurmMetricsPort?.close()])
      const settled = new AbortController()
      const work = Promise.allSettled([engine.idle(), ...loops]).then(() => settled.abort())
      await Promise.race([work, clock.sleep(graceMs, settled.signal).catch(() => {})])
      certificate?.close()
      await login.flush().catch((error: unknown) => log.error('last flush failed', { error: String(error) }))
      await fleet.flush().catch((error: unknown) => log.error('last flush failed', { error: String(error) }))
      await stores.close()
    },
  }
}

/** The second port: by itself it is beside the first one, chosen by the system where that one is. */
function jobsAddressBeside(
  { host, port }: { host: string; port: number },
  given: NavarchConfig['server']['jobsAddress'],
): { jobsAddress?: { host: string; port: number } } {
  if (given === 'none') return {}
  return { jobsAddress: given ?? { host, port: port === 0 ? 0 : defaultJobsPort } }
}

function makeProvider(spec: ProviderSpec, { dataDir, effects }: ControlPlaneOptions): Provider {
  const { env, clock, fetch, run, fake } = effects
  return createProvider(spec, { dataDir, env, clock, fetch, run, ...(fake && { fake }) })
}

/** The pool whose partition has the node, for a node that registered by itself. */
function poolOfNode(
  specs: readonly PoolSpec[],
  slurm: SlurmLink | undefined,
  pools: ReturnType<typeof createPools>,
  node: string,
): string | undefined {
  if (!slurm) return undefined
  return specs.find((pool) => pools.view(pool).records?.some((record) => record.name === node))?.name
}
