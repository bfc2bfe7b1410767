import { isName, nameRule } from '@navarch/core/names'
import { poolModes } from '@navarch/core/pool/pool-spec'
import type { Place } from '../problem.ts'
import { commands } from '../schema/commands.ts'
import { joinPath, list, object, objectJsonSchema, readObject, record } from '../schema/containers.ts'
import {
  boolean,
  choice,
  duration,
  integer,
  labelValue,
  name,
  number,
  providerWord,
  text,
  userName,
} from '../schema/scalars.ts'
import { type Given, key, type ObjectValue, type Schema, showNode } from '../schema/schema.ts'
import { poolAutoscaler } from './autoscaler-keys.ts'

const minNodes = key(integer({ min: 0 }), 'Fewest nodes.', { default: 0 })
const maxNodes = key(integer({ min: 1 }), 'Most nodes. Required, here or in `scaling`.')
const cooldown = key(duration(), 'Least time between two changes of size in one direction; 0 for none.', {
  default: 300_000,
})
const autoscalerKey = key(poolAutoscaler, 'How the size follows demand.', { defaultNote: 'the pool keeps min_nodes' })

export const scalingKeys = {
  min_nodes: minNodes,
  max_nodes: maxNodes,
  cooldown_period: cooldown,
  autoscaler: autoscalerKey,
}

export const healthKeys = {
  unhealthy_threshold: key(
    integer({ min: 0 }),
    'Bad reports in a row before a node that is not fatally faulty is drained; 0 means the default.',
    { default: 2 },
  ),
  unhealthy_after: key(integer({ min: 0 }), 'The same as `unhealthy_threshold`.'),
  auto_replace: key(boolean(), "Whether a faulty node's machine is replaced.", {
    defaultNote: 'true without a health block, false where the block leaves it out',
  }),
}
const health = object(healthKeys)

const poolProviderKeys = {
  name: key(name(), 'Name of the provider.', { required: true }),
  priority: key(integer({ min: 0 }), 'The lowest is used first.', { default: 0 }),
  weight: key(number({ min: 0, max: 1_000_000 }), 'Share in round-robin.', { inactive: 'one provider is used' }),
  regions: key(list(providerWord(), 'a list of regions'), 'Regions there.'),
  instance_type: key(providerWord(), 'Instance type there.', { defaultNote: "the pool's" }),
}

const sshKeys = {
  ssh_user: key(userName(), 'User for SSH.', { default: 'ubuntu' }),
  ssh_private_key_path: key(text('a path'), 'Private key for SSH; relative to this file, "~" is the home folder.', {
    defaultNote: "the control plane's own keys",
  }),
  ssh_keys: key(list(text(), 'a list of key names'), 'Names of the SSH keys that the provider installs.', {
    default: [],
  }),
}

export const poolKeys = {
  name: key(name(), 'Name of the pool; where `pools` is a mapping, its key.'),
  provider: key(name(), 'Provider of the machines. Required, or `providers`.'),
  providers: key(list(object(poolProviderKeys), 'a list of providers'), 'Several providers, in order of priority.'),
  strategy: key(choice(['priority', 'cost', 'availability', 'round-robin']), 'How a provider is chosen.', {
    inactive: 'the provider of lowest priority is used',
  }),
  instance_type: key(providerWord(), 'Kind of machine, in the words of the provider.', {
    defaultNote: 'required, except for static and lab',
  }),
  region: key(providerWord(), 'Region.', { default: '' }),
  zones: key(list(providerWord(), 'a list of zones'), 'Zones.', { default: [] }),
  image: key(text(), 'Image of the machines.', { defaultNote: "the provider's" }),
  scaling: key(object(scalingKeys), 'Size of the pool.'),
  min_nodes: minNodes,
  max_nodes: maxNodes,
  cooldown,
  autoscaling: autoscalerKey,
  health: key(health, 'When a node counts as faulty, and what then.'),
  mode: key(
    choice(poolModes),
    'What is done with decisions: observe shows them, recommend waits for approval, act does them.',
    { default: 'act' },
  ),
  reject_cooldown: key(duration(), 'How long what was rejected is not proposed again while its cause is the same.', {
    default: 3_600_000,
  }),
  labels: key(record(labelValue()), "Labels of the nodes; `partition` names the pool's Slurm partition.", {
    default: {},
  }),
  ...sshKeys,
  ssh_port: key(integer({ min: 1, max: 65535 }), 'Port of SSH.', { default: 22 }),
  setup_commands: key(commands(), 'Shell commands that make a machine a node, instead of the default bootstrap.'),
  bootstrap: key(choice(['default', 'none']), 'Whether a machine is set up over SSH; none where its image has all.', {
    default: 'default',
  }),
}
export type PoolValue = ObjectValue<typeof poolKeys>

export const defaultsKeys = {
  health: key(health, '`health` of pools that leave it out.'),
  ssh_user: key(sshKeys.ssh_user.schema, '`ssh_user` of pools that leave it out.'),
  ssh_private_key_path: key(text('a path'), '`ssh_private_key_path` of pools that leave it out.'),
  ssh_keys: key(sshKeys.ssh_keys.schema, '`ssh_keys` of pools that leave it out.'),
}

/** Names of SSH keys under `global`, the list dialect's place for them. */
export const globalSshKeyNames = key(sshKeys.ssh_keys.schema, 'The same as `defaults.ssh_keys`.')

export interface PoolEntry {
  /** Absent when an error was reported for it. */
  name?: Given<string>
  /** Absent when it is not a mapping. */
  pool?: PoolValue
}

const rule = 'a list of pools with names, or a mapping of names to pools'

/** Pools as a list of mappings with `name`, or as a mapping of names. */
export const pools: Schema<PoolEntry[]> = {
  rule,
  read(node, path, reader) {
    if (!reader.visit(node.place, path)) return undefined
    if (node.kind === 'list') {
      return node.items.map((item, index): PoolEntry => {
        const pool = readObject(poolKeys, item, `${path}[${index}]`, reader)
        if (!pool) return {}
        const given = pool.given.name
        const named = item.kind === 'map' && item.entries.some((entry) => entry.key === 'name')
        if (!named) reader.error(pool.place, `${pool.path}.name`, `is missing: ${nameRule}`)
        return given ? { name: given, pool } : { pool }
      })
    }
    if (node.kind === 'map') {
      return node.entries.map((entry): PoolEntry => {
        const entryPath = joinPath(path, entry.key)
        const valid = isName(entry.key)
        if (!valid) reader.error(entry.keyPlace, entryPath, `a pool's name must be ${nameRule}`)
        const pool = readObject(poolKeys, entry.value, entryPath, reader)
        const given = { value: entry.key, place: entry.keyPlace, path: entryPath }
        const own = pool?.given.name
        if (own && own.value !== entry.key) conflictingName(own, given.place)
        return { ...(valid && { name: given }), ...(pool && { pool }) }
      })
    }
    reader.error(node.place, path, `must be ${rule}, not ${showNode(node)}`)
    return undefined

    function conflictingName(own: Given<string>, key: Place): void {
      reader.error(own.place, own.path, `must be the pool's key on line ${key.line}, or left out, not "${own.value}"`)
    }
  },
  format: (value) => value.flatMap((entry) => entry.name?.value ?? []).join(', '),
  jsonSchema(definitions) {
    definitions.set('pool', objectJsonSchema(poolKeys, definitions))
    const pool = { $ref: '#/$defs/pool' }
    return {
      anyOf: [
        { type: 'array', items: { ...pool, required: ['name'] } },
        { type: 'object', propertyNames: { pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$' }, additionalProperties: pool },
      ],
    }
  },
  sections: () => [{ suffix: '[]', keys: poolKeys }],
}
