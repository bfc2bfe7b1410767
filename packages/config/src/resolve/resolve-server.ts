import { formatDuration } from '@navarch/core/duration'
import { type globalAgent, serverKeys } from '../keys/server-keys.ts'
import type { ServerSpec } from '../navarch-config.ts'
import type { ObjectValue, ValueOf } from '../schema/schema.ts'
import { type Resolver, unlessZero } from './settings.ts'

type GlobalAgent = ValueOf<typeof globalAgent>

/** Effective settings of the control plane. `global.agent` says the same in the list dialect. */
export function resolveServer(
  server: ObjectValue<typeof serverKeys> | undefined,
  agent: GlobalAgent | undefined,
  resolver: Resolver,
): ServerSpec {
  const given = server?.given ?? {}
  const agents = agent?.given ?? {}
  const address = resolver.pick('server.address', serverKeys.address, [given.address])
  const jobsAddress = resolver.pick('server.jobs_address', serverKeys.jobs_address, [given.jobs_address])
  const external = [given.external_address, agents.server]
  const externalAddress = resolver.pick('server.external_address', serverKeys.external_address, external)
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

  if (heartbeatTimeoutMs <= heartbeatIntervalMs && timeout[0]) {
    const rule = `must be longer than heartbeat_interval (${formatDuration(heartbeatIntervalMs)})`
    resolver.reader.error(timeout[0].place, timeout[0].path, rule)
  }
  for (const each of external) if (each) checkReachable(each.value, each, resolver)

  return {
    address,
    ...(jobsAddress !== undefined && { jobsAddress }),
    ...(externalAddress !== undefined && { externalAddress }),
    heartbeatIntervalMs,
    heartbeatTimeoutMs,
    healthCheckIntervalMs,
    autoscaleIntervalMs,
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
