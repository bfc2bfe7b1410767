import type { ProviderEntry } from '../keys/provider-keys.ts'
import { impliedType, inactiveProviders, providerVariants, type staticHostKeys } from '../keys/provider-keys.ts'
import { type ProviderSpec, providerTypes, type StaticHost } from '../navarch-config.ts'
import { nearestWord } from '../nearest.ts'
import { inactiveMessage } from '../problem.ts'
import type { Given, ObjectValue } from '../schema/schema.ts'
import type { VariantOf } from '../schema/variants.ts'
import type { Resolver } from './settings.ts'

type ProviderValue = VariantOf<typeof providerVariants>

/** Effective settings of the providers that the file declares. */
export function resolveProviders(entries: readonly ProviderEntry[], resolver: Resolver): ProviderSpec[] {
  return entries.flatMap(({ name, value }) => (value ? resolveProvider(name, value, resolver) : []))
}

/** Whether a pool may name this provider: it is declared, or a type with defaults. If not, that is an error. */
export function checkProvider(named: Given<string>, entries: readonly ProviderEntry[], { reader }: Resolver): boolean {
  const declared = entries.map((entry) => entry.name)
  if (declared.includes(named.value)) return true
  const type = impliedType(named.value)
  if (type === undefined) {
    const near = nearestWord(named.value, [...declared, ...providerTypes])
    const hint = near === undefined ? '' : `; did you mean "${near}"?`
    const known = [...new Set([...declared, ...providerTypes])].join(', ')
    reader.error(named.place, named.path, `no provider is called "${named.value}"${hint} (declared or known: ${known})`)
  } else if (type === 'static') {
    reader.error(named.place, named.path, 'static has no machines of its own: list them in providers.static.hosts')
  }
  return type !== undefined && type !== 'static'
}

/**
 * The provider that a pool names: a declared one, else one implied by its name with its defaults, which is then added
 * to `specs`.
 * @returns undefined after an error, here or in the provider's own settings
 */
export function findProvider(
  named: Given<string>,
  entries: readonly ProviderEntry[],
  specs: ProviderSpec[],
  resolver: Resolver,
): ProviderSpec | undefined {
  const existing = specs.find((spec) => spec.name === named.value)
  const known = checkProvider(named, entries, resolver)
  const type = impliedType(named.value)
  const declared = entries.some((entry) => entry.name === named.value)
  if (existing || declared || !known || type === undefined) return existing
  const note = inactiveProviders[type]
  if (note !== undefined) resolver.reader.warn(named.place, named.path, inactiveMessage(`${type}: ${note}`))
  const value = { type, place: named.place, path: `providers.${type}`, intact: true, given: {} }
  const spec = resolveProvider(type, value, resolver, `implied by ${resolver.file}:${named.place.line}`)
  specs.push(spec)
  return spec
}

function resolveProvider(
  name: string,
  value: ProviderValue,
  resolver: Resolver,
  implied = "implied by the provider's name",
): ProviderSpec {
  const { pick } = resolver
  const at = (key: string) => `providers.${name}.${key}`
  const keys = providerVariants[value.type]
  resolver.note(at('type'), value.type, value.typePlace ? `${resolver.file}:${value.typePlace.line}` : implied)
  const image = pick(at('image'), keys.image, [value.given.image])
  const common = { name, ...(image !== undefined && { image }) }
  switch (value.type) {
    case 'lambda': {
      const { lambda } = providerVariants
      const apiKeyEnv = pick(at('api_key_env'), lambda.api_key_env, [value.given.api_key_env])
      pick(at('api_key_secret'), lambda.api_key_secret, [value.given.api_key_secret])
      const baseUrl = pick(at('base_url'), lambda.base_url, [value.given.base_url])
      return { ...common, type: 'lambda', apiKeyEnv, ...(baseUrl !== undefined && { baseUrl }) }
    }
    case 'fake':
      return {
        ...common,
        type: 'fake',
        gpuCount: pick(at('gpu_count'), providerVariants.fake.gpu_count, [value.given.gpu_count]),
      }
    case 'static': {
      const hosts = pick(at('hosts'), providerVariants.static.hosts, [value.given.hosts]) ?? []
      checkHosts(hosts, resolver)
      return { ...common, type: 'static', hosts: hosts.flatMap(staticHost) }
    }
    case 'lab': {
      const suite = pick(at('suite'), providerVariants.lab.suite, [value.given.suite])
      const lab = pick(at('lab'), providerVariants.lab.lab, [value.given.lab])
      const gpus = pick(at('gpus'), providerVariants.lab.gpus, [value.given.gpus])
      return { ...common, type: 'lab', ...(suite !== undefined && { suite }), lab, gpus }
    }
    case 'gcp':
    case 'aws':
    case 'coreweave': {
      const cloud = providerVariants[value.type]
      const project = pick(at('project'), cloud.project, [value.given.project])
      const region = pick(at('region'), cloud.region, [value.given.region])
      const zone = pick(at('zone'), cloud.zone, [value.given.zone])
      pick(at('credentials_secret'), cloud.credentials_secret, [value.given.credentials_secret])
      return {
        ...common,
        type: value.type,
        ...(project !== undefined && { project }),
        ...(region !== undefined && { region }),
        ...(zone !== undefined && { zone }),
      }
    }
  }
}

type HostValue = ObjectValue<typeof staticHostKeys>

function staticHost({ given }: HostValue): StaticHost[] {
  if (!given.address) return []
  return [
    {
      address: given.address.value,
      ...(given.name && { name: given.name.value }),
      ...(given.user && { user: given.user.value }),
      ...(given.port && { port: given.port.value }),
      ...(given.instance_type && { instanceType: given.instance_type.value }),
      labels: given.labels?.value ?? {},
    },
  ]
}

/** Two hosts may share an address only on different ports, and never a name. */
function checkHosts(hosts: readonly HostValue[], { reader }: Resolver): void {
  const seen = new Map<string, Given<string>>()
  for (const { given } of hosts) {
    const address = given.address && {
      ...given.address,
      id: `address ${given.address.value}:${given.port?.value ?? ''}`,
    }
    const name = given.name && { ...given.name, id: `name ${given.name.value}` }
    for (const each of [address, name]) {
      if (!each) continue
      const first = seen.get(each.id)
      if (first) reader.error(each.place, each.path, `"${each.value}" is listed already on line ${first.place.line}`)
      else seen.set(each.id, each)
    }
  }
}
