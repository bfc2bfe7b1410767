import { formatDuration } from '@navarch/core/duration'
import { type globalAgent, serverKeys } from '../keys/server-keys.ts'
import type { ServerSpec } from '../navarch-config.ts'
import type { ObjectValue, ValueOf } from '../schema/schema.ts'
import type { PathBase } from './file-path.ts'
import { resolveAuth } from './resolve-auth.ts'
import { resolveTls } from './resolve-tls.ts'
import { type Resolver, unlessZero } from './settings.ts'

type GlobalAgent = ValueOf<typeof globalAgent>

/** Effective settings of the control plane. `global.agent` says the same in the list dialect. */
export function resolveServer(
  server: ObjectValue<typeof serverKeys> | undefined,
  agent: GlobalAgent | undefined,
  base: PathBase,
  resolver: Resolver,
): ServerSpec {
  const given = server?.given ?? {}
  const agents = agent?.given ?? {}
  const address = resolver.pick('server.address', serverKeys.address, [given.address])
  const jobsAddress = resolver.pick('server.jobs_address', serverKeys.jobs_address, [given.jobs_address])
  const slurmMetricsAddress = resolver.pick('server.slurm_metrics_address', serverKeys.slurm_metrics_address, [
    given.slurm_metrics_address,
  ])
  const external = [given.external_address, agents.server]
  const externalAddress = resolver.pick('server.external_address', serverKeys.external_address, external)
  const trustedProxies = resolver.pick('server.trusted_proxies', serverKeys.trusted_proxies, [given.trusted_proxies])
  const heartbeatIntervalMs = resolver.pick('server.heartbeat_interval', serverKeys.heartbeat_interval, [
    given.heartbeat_interval,
    agents.heartbeat_interval,
  ])
  const timeout = unlessZero([given.heartbeat_timeout])
  const heartbeatTimeoutMs = resolver.pick(
    'server.heartbeat_timeout',
    { ...serverKeys.heartbeat_timeout, default: 3 * heartbeatIntervalMs },
    timeout,
  )
  const healthCheckIntervalMs = resolver.pick('server.health_check_interval', serverKeys.health_check_interval, [
    given.health_check_interval,
    agents.health_check_interval,
  ])
  const autoscaleIntervalMs = resolver.pick('server.autoscale_interval', serverKeys.autoscale_interval, [
    given.autoscale_interval,
  ])

  const tls = resolveTls(given.tls?.value, base, resolver)
  if (tls && given.tls && externalAddress === undefined) {
    const hint =
      'nodes are told an IP address, which the certificate must be for; give server.external_address with its name'
    resolver.reader.warn(given.tls.place, given.tls.path, hint)
  }
  const auth = resolveAuth(given.auth?.value, externalAddress, base, resolver)

  if (heartbeatTimeoutMs <= heartbeatIntervalMs && timeout[0]) {
    const rule = `must be longer than heartbeat_interval (${formatDuration(heartbeatIntervalMs)})`
    resolver.reader.error(timeout[0].place, timeout[0].path, rule)
  }
  for (const each of external) if (each) checkReachable(each.value, each, resolver)

  return {
    address,
    ...(jobsAddress !== undefined && { jobsAddress }),
    ...(slurmMetricsAddress !== undefined && { slurmMetricsAddress }),
    ...(externalAddress !== undefined && { externalAddress }),
    ...(trustedProxies && trustedProxies.length > 0 && { trustedProxies }),
    heartbeatIntervalMs,
    heartbeatTimeoutMs,
    healthCheckIntervalMs,
    autoscaleIntervalMs,
    ...(tls && { tls }),
    auth,
  }
}

function checkReachable(
  url: string,
  { place, path }: { place: { line: number; column: number }; path: string },
  { reader }: Resolver,
): void {
  const host = new URL(url).hostname
  if (host === '0.0.0.0' || host === '[::]') {
    reader.error(place, path, `${host} is no address that a node can reach: give a name or address of this machine`)
  } else if (host === 'localhost' || host.startsWith('127.') || host === '[::1]') {
    reader.warn(place, path, `${host} leads each node to itself: only nodes on this machine can reach it`)
  }
}
