import type { PoolValue } from '../keys/pool-keys.ts'
import type { Given } from '../schema/schema.ts'
import type { Resolver } from './settings.ts'

/** What a pool names as its source of machines. */
export interface PoolProvider {
  named: Given<string>
  instanceType?: Given<string>
  region?: Given<string>
  /** Further providers, which are not used yet. */
  others: Given<string>[]
}

/** The provider that a pool uses: `provider`, or the one of lowest priority of `providers`. Naming none or both is an error. */
export function choosePoolProvider(pool: PoolValue, resolver: Resolver): PoolProvider | undefined {
  const { reader } = resolver
  const { provider, providers } = pool.given
  if (provider && providers) {
    reader.error(providers.place, providers.path, `excludes provider on line ${provider.place.line}: keep one`)
    return undefined
  }
  if (provider) return { named: provider, others: [] }
  const entries = (providers?.value ?? [])
    .flatMap(({ given }) => (given.name ? [{ ...given, name: given.name }] : []))
    .sort((a, b) => (a.priority?.value ?? 0) - (b.priority?.value ?? 0))
  const [first, ...others] = entries
  if (!first) {
    const place = providers?.place ?? pool.place
    if (pool.intact) reader.error(place, `${pool.path}.provider`, 'is missing: the name of a provider')
    return undefined
  }
  if (providers && others.length > 0) {
    reader.inactive(providers.place, providers.path, `several providers; only ${first.name.value} is used`)
  }
  const { name: named, instance_type: instanceType, regions } = first
  const region = regions?.value[0]
  if (regions && regions.value.length > 1) {
    reader.inactive(regions.place, regions.path, `several regions; only ${region} is used`)
  }
  return {
    named,
    ...(instanceType && { instanceType }),
    ...(regions && region !== undefined && { region: { ...regions, value: region } }),
    others: others.map((entry) => entry.name),
  }
}
