import type { HealthSpec, PoolSpec } from '@navarch/core/pool/pool-spec'
import {
  type defaultsKeys,
  type globalSshKeyNames,
  healthKeys,
  type PoolValue,
  poolKeys,
  scalingKeys,
} from '../keys/pool-keys.ts'
import { inactiveProviders } from '../keys/provider-keys.ts'
import type { ProviderSpec } from '../navarch-config.ts'
import type { Given, ObjectValue, ValueOf } from '../schema/schema.ts'
import type { PoolProvider } from './choose-pool-provider.ts'
import { type PathBase, resolveGivenPath } from './file-path.ts'
import { resolvePoolAutoscaler } from './resolve-autoscaler.ts'
import { resolveBootstrap } from './resolve-bootstrap.ts'
import { type Resolver, unlessZero } from './settings.ts'

/** What holds for every pool of the file. */
export interface PoolContext {
  resolver: Resolver
  base: PathBase
  /** What pools are that say nothing themselves. */
  defaults: ObjectValue<typeof defaultsKeys> | undefined
  globalSshKeys: Given<ValueOf<typeof globalSshKeyNames>> | undefined
}

/**
 * The whole pool: what it gives, then the file's defaults, then the product's.
 * @param provider undefined when the pool names none that exists, an error reported elsewhere; the rest is checked
 */
export function resolvePool(
  name: string,
  pool: PoolValue,
  source: PoolProvider | undefined,
  provider: ProviderSpec | undefined,
  context: PoolContext,
): PoolSpec {
  const { resolver, base } = context
  const { pick, reader } = resolver
  const { given } = pool
  const scaling = given.scaling?.value.given ?? {}
  const defaults = context.defaults?.given ?? {}
  const at = (key: string) => `pools.${name}.${key}`
  const path = (each: Given<string> | undefined) => [resolveGivenPath(each, base, reader)]

  pick(at('provider'), poolKeys.provider, [source?.named])
  const ownType = provider?.type === 'static' || provider?.type === 'lab'
  const instanceTypeKey = ownType
    ? { ...poolKeys.instance_type, default: provider.type, defaultNote: "the provider's type" }
    : poolKeys.instance_type
  const instanceType = pick(at('instance_type'), instanceTypeKey, [source?.instanceType], [given.instance_type])
  if (instanceType === undefined && provider) {
    reader.error(pool.place, `${pool.path}.instance_type`, `is missing: ${provider.type} needs to know which machines`)
  }
  const imageKey = provider?.image === undefined ? poolKeys.image : { ...poolKeys.image, default: provider.image }
  const image = pick(at('image'), imageKey, [given.image])
  const minNodes = pick(at('scaling.min_nodes'), scalingKeys.min_nodes, [given.min_nodes, scaling.min_nodes])
  const maxNodes = pick(at('scaling.max_nodes'), scalingKeys.max_nodes, [given.max_nodes, scaling.max_nodes])
  checkLimits(pool, minNodes, maxNodes, resolver)
  const region = pick(at('region'), poolKeys.region, [source?.region], [given.region])
  const zones = pick(at('zones'), poolKeys.zones, [given.zones])
  const cooldown = [given.cooldown, scaling.cooldown_period]
  const cooldownMs = pick(at('scaling.cooldown_period'), scalingKeys.cooldown_period, cooldown)
  const autoscaler = resolvePoolAutoscaler(pool, at('scaling.autoscaler'), resolver)
  const health = resolveHealth(at('health'), given.health?.value, defaults.health?.value, resolver)
  const user = pick(at('ssh_user'), poolKeys.ssh_user, [given.ssh_user], [defaults.ssh_user])
  const privateKeyPath = pick(
    at('ssh_private_key_path'),
    poolKeys.ssh_private_key_path,
    path(given.ssh_private_key_path),
    path(defaults.ssh_private_key_path),
  )
  const port = pick(at('ssh_port'), poolKeys.ssh_port, [given.ssh_port])
  const sshKeys = pick(at('ssh_keys'), poolKeys.ssh_keys, [given.ssh_keys], [defaults.ssh_keys, context.globalSshKeys])
  const mode = pick(at('mode'), poolKeys.mode, [given.mode])
  const rejectCooldownMs = pick(at('reject_cooldown'), poolKeys.reject_cooldown, [given.reject_cooldown])
  const labels = resolveLabels(name, pool, resolver)

  return {
    name,
    provider: provider?.name ?? '',
    instanceType: instanceType ?? '',
    region,
    zones,
    sshKeys,
    ...(image !== undefined && { image }),
    minNodes,
    maxNodes: maxNodes ?? minNodes,
    cooldownMs,
    mode,
    rejectCooldownMs,
    ...(autoscaler && { autoscaler }),
    health,
    labels,
    ssh: { user, port, ...(privateKeyPath !== undefined && { privateKeyPath }) },
    bootstrap: resolveBootstrap(name, pool, region, resolver),
    inactive: provider && inactiveProviders[provider.type] !== undefined ? [`provider ${provider.name}`] : [],
  }
}

function checkLimits(pool: PoolValue, minNodes: number, maxNodes: number | undefined, { reader }: Resolver): void {
  const scaling = pool.given.scaling?.value
  const place = scaling?.place ?? pool.place
  if (maxNodes === undefined) {
    reader.error(place, `${scaling?.path ?? pool.path}.max_nodes`, `is missing: ${scalingKeys.max_nodes.schema.rule}`)
  } else if (minNodes > maxNodes) {
    const min = pool.given.min_nodes ?? scaling?.given.min_nodes
    const rule = `must be at most max_nodes (${maxNodes}), not ${minNodes}`
    reader.error(min?.place ?? place, min?.path ?? `${pool.path}.min_nodes`, rule)
  }
}

type HealthValue = ObjectValue<typeof healthKeys>

function resolveHealth(
  name: string,
  own: HealthValue | undefined,
  fallback: HealthValue | undefined,
  { pick }: Resolver,
): HealthSpec {
  const thresholds = (health: HealthValue | undefined) =>
    unlessZero([health?.given.unhealthy_threshold, health?.given.unhealthy_after])
  return {
    unhealthyThreshold: pick(
      `${name}.unhealthy_threshold`,
      healthKeys.unhealthy_threshold,
      thresholds(own),
      thresholds(fallback),
    ),
    autoReplace: pick(
      `${name}.auto_replace`,
      { ...healthKeys.auto_replace, default: !own && !fallback },
      [own?.given.auto_replace],
      [fallback?.given.auto_replace],
    ),
  }
}

/** The pool's labels, and the label `pool`, which is always its name. */
function resolveLabels(name: string, pool: PoolValue, { pick, reader }: Resolver): Record<string, string> {
  const given = pool.given.labels
  if (given && given.value['pool'] !== undefined && given.value['pool'] !== name) {
    reader.warn(given.place, `${given.path}.pool`, `is always the pool's name, "${name}"`)
  }
  const labels = given && { ...given, value: { ...given.value, pool: name } }
  return pick(`pools.${name}.labels`, { ...poolKeys.labels, default: { pool: name } }, [labels])
}
