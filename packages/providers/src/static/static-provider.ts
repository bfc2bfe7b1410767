import { JsonFileError } from '@navarch/hosts/json-file'
import type { Clock } from '@navarch/system/clock'
import { throwIfCancelled } from '../cancelled.ts'
import { type Machine, type Provider, ProviderError } from '../provider.ts'
import { chooseHost } from './choose-host.ts'
import { type Claim, openClaims } from './claim.ts'

/** A machine that exists already and is reached over SSH. */
export interface StaticHost {
  address: string
  /**
   * Names the host for good, even when its address changes, and the node that it becomes; default the address, with the
   * port unless it is 22.
   */
  name?: string
  /** Absent, like all that follows: the pool's. */
  user?: string
  port?: number
  instanceType?: string
}

export interface StaticProviderOptions {
  name: string
  hosts: readonly StaticHost[]
  /** File that keeps who uses which host. */
  claimsPath: string
  clock: Clock
}

/**
 * A rack: launching claims a free host, terminating gives it back. Nothing is done to the host itself.
 *
 * Its machine ids are "host#token": giving back an old claim again, after a crash, never touches a newer one.
 */
export function createStaticProvider({ name, hosts, claimsPath, clock }: StaticProviderOptions): Provider {
  const byId = new Map(hosts.map((host) => [hostId(host), host]))
  const claims = openClaims(claimsPath)

  const describe = (claim: Claim): Machine => {
    const host = byId.get(claim.host)
    return {
      id: machineId(claim),
      node: claim.node,
      token: claim.token,
      state: 'running',
      ...(host && { address: host.address }),
      ...(host?.port !== undefined && { sshPort: host.port }),
      ...(host?.user !== undefined && { sshUser: host.user }),
      region: claim.region,
      zone: claim.zone,
      instanceType: host?.instanceType ?? claim.instanceType,
      launchedAt: claim.claimedAt,
    }
  }
  const guarded = async <T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> => {
    throwIfCancelled(signal, name)
    try {
      return await work()
    } catch (cause) {
      if (cause instanceof ProviderError) throw cause
      const message = cause instanceof Error ? cause.message : String(cause)
      const remedy = cause instanceof JsonFileError ? '' : 'Check the data directory: its disk, its permissions.'
      throw new ProviderError('unavailable', `provider ${name} cannot keep its claims: ${message}`, { remedy, cause })
    }
  }
  return {
    name,
    type: 'static',
    keepsMachines: true,
    hostNames: hosts.flatMap((host) => host.name ?? []),
    bootDeadlineMs: 5 * 60_000,
    launch: (request, signal) =>
      guarded(signal, () =>
        claims.update((value) => {
          const existing = value.claims.find((claim) => claim.token === request.token)
          if (existing) return { value, result: describe(existing) }
          const choice = chooseHost([...byId.keys()], value.claims, request)
          if ('why' in choice) {
            throw new ProviderError(
              'capacity',
              `provider ${name} has no free host for ${request.node}: ${choice.why}`,
              {
                remedy: `Add hosts under providers.${name}.hosts, or lower max_nodes of the pools that use it.`,
              },
            )
          }
          const claim: Claim = {
            host: choice.host,
            token: request.token,
            node: request.node,
            pool: request.pool,
            region: request.region,
            zone: request.zones[0] ?? '',
            instanceType: request.instanceType,
            claimedAt: clock.now(),
          }
          return { value: { ...value, claims: [...value.claims, claim] }, result: describe(claim) }
        }),
      ),
    get: (id, signal) =>
      guarded(signal, async () => {
        const claim = (await claims.read()).claims.find((each) => machineId(each) === id)
        return claim && describe(claim)
      }),
    list: (signal) => guarded(signal, async () => (await claims.read()).claims.map(describe)),
    terminate: (id, signal) =>
      guarded(signal, () =>
        claims.update((value) => ({
          value: { ...value, claims: value.claims.filter((claim) => machineId(claim) !== id) },
          result: undefined,
        })),
      ),
  }
}

function hostId({ name, address, port = 22 }: StaticHost): string {
  return name ?? (port === 22 ? address : `${address}:${port}`)
}

function machineId(claim: Claim): string {
  return `${claim.host}#${claim.token}`
}
