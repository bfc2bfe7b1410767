import { isName, nameRule } from '@navarch/core/names'
import { type ProviderType, providerTypes } from '../navarch-config.ts'
import type { Place } from '../problem.ts'
import { httpUrl } from '../schema/addresses.ts'
import { asMap, joinPath, list, object, readObject, record } from '../schema/containers.ts'
import {
  environmentName,
  hostAddress,
  integer,
  labelValue,
  name,
  providerWord,
  text,
  userName,
} from '../schema/scalars.ts'
import { key, type ObjectValue, type Schema } from '../schema/schema.ts'
import { readVariant, type VariantOf, variantSections, variantsJsonSchema } from '../schema/variants.ts'

export const staticHostKeys = {
  address: key(hostAddress(), 'Host name or IP address for SSH.', { required: true }),
  name: key(name(), 'Node name.', { defaultNote: 'the name that the pool gives' }),
  user: key(userName(), 'User for SSH.', { defaultNote: "the pool's ssh_user" }),
  port: key(integer({ min: 1, max: 65535 }), 'Port of SSH.', { defaultNote: "the pool's ssh_port" }),
  instance_type: key(providerWord(), 'What kind of machine it is.', { defaultNote: "the pool's instance_type" }),
  labels: key(record(labelValue()), 'Labels of the node.'),
}

const host = object(staticHostKeys)

/** A host as a mapping, or as its address alone. */
const staticHost: Schema<ObjectValue<typeof staticHostKeys>> = {
  ...host,
  read(node, path, reader) {
    if (node.kind !== 'scalar') return host.read(node, path, reader)
    const entries = [{ key: 'address', keyPlace: node.place, value: node }]
    return readObject(staticHostKeys, { kind: 'map', place: node.place, entries }, path, reader)
  },
  format: (value) => value.given.address?.value ?? '',
  jsonSchema: (definitions) => ({
    anyOf: [staticHostKeys.address.schema.jsonSchema(definitions), host.jsonSchema(definitions)],
  }),
}

const image = key(text(), 'Image for pools that name none.')
const secretNote = 'credentials are read from the environment'
const credentials = key(text(), 'Name of a secret.', { secret: true, inactive: secretNote })
const cloudKeys = {
  image,
  project: key(text(), 'Project of the cloud account.'),
  region: key(providerWord(), 'Region.'),
  zone: key(providerWord(), 'Zone.'),
  credentials_secret: credentials,
}

export const providerVariants = {
  lambda: {
    image,
    api_key_env: key(environmentName(), 'Environment variable that holds the API key.', { default: 'LAMBDA_API_KEY' }),
    api_key_secret: credentials,
    base_url: key(httpUrl(), "Address of the provider's API.", { defaultNote: "the provider's public one" }),
  },
  gcp: cloudKeys,
  aws: cloudKeys,
  coreweave: cloudKeys,
  fake: { image, gpu_count: key(integer({ min: 0, max: 64 }), 'GPUs of each simulated machine.', { default: 8 }) },
  static: {
    image,
    hosts: key(list(staticHost, 'a list of hosts'), 'Machines that exist already, each an address or a mapping.', {
      required: true,
    }),
  },
  lab: {
    image,
    suite: key(name(), 'Debian suite of the hosts, such as bookworm.', { defaultNote: "this machine's" }),
    lab: key(name(), 'Name of the lab, which keeps several on one machine apart.', { default: 'lab' }),
    gpus: key(integer({ min: 0, max: 64 }), 'Simulated GPUs of each host.', { default: 8 }),
  },
} as const satisfies { [T in ProviderType]: object }

/** What is said of the types that are not built yet. */
export const inactiveProviders: { [type: string]: string } = {
  gcp: 'known, not built yet',
  aws: 'known, not built yet',
  coreweave: 'known, not built yet',
}

export interface ProviderEntry {
  name: string
  place: Place
  /** Absent when an error was reported in it. */
  value?: VariantOf<typeof providerVariants>
}

/** The type that a provider's name implies, if it does. */
export function impliedType(name: string): ProviderType | undefined {
  return providerTypes.find((type) => type === name)
}

const typeDoc = 'What kind of provider it is. May be left out where the name is a type.'

export const providers: Schema<ProviderEntry[]> = {
  rule: 'a mapping of provider names to their settings',
  read(node, path, reader) {
    const map = asMap(node, path, reader, 'a mapping of provider names to their settings')
    return map?.entries.map(({ key: providerName, keyPlace, value }) => {
      const entryPath = joinPath(path, providerName)
      const entry: ProviderEntry = { name: providerName, place: keyPlace }
      if (!isName(providerName)) {
        reader.error(keyPlace, entryPath, `a provider's name must be ${nameRule}`)
        return entry
      }
      const inferred = impliedType(providerName)
      const empty = value.kind === 'scalar' && value.value === null
      const settings = empty ? { kind: 'map' as const, place: keyPlace, entries: [] } : value
      const options = { doc: typeDoc, inactive: inactiveProviders, ...(inferred && { inferred }) }
      const read = readVariant(providerVariants, settings, entryPath, reader, options)
      return read ? { ...entry, value: read } : entry
    })
  },
  format: (value) => value.map((entry) => entry.name).join(', '),
  jsonSchema(definitions) {
    definitions.set('provider', variantsJsonSchema(providerVariants, typeDoc, definitions, { typeRequired: true }))
    const anyType = { $ref: '#/$defs/provider' }
    const byName = providerTypes.map((type): [string, object] => {
      const own = variantsJsonSchema({ [type]: providerVariants[type] }, typeDoc, definitions, { typeRequired: false })
      return [type, { anyOf: [own, anyType] }]
    })
    return { type: 'object', properties: Object.fromEntries(byName), additionalProperties: anyType }
  },
  sections: () =>
    variantSections(providerVariants, typeDoc, { typeRequired: false }).map((section) => ({
      ...section,
      suffix: '.<name>',
    })),
}
