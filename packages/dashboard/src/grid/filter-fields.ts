import type { FleetNodeJson } from '@navarch/api/views'
import { isFaulty } from './node-words.ts'

interface FieldWords {
  /** What the completion says of it. */
  about: string
}

/** A field of words. */
export interface TextField extends FieldWords {
  kind: 'text'
  /**
   * How a written value is held against the node's own: `equal` takes `*` as a wildcard, `begin` its beginning, `part` any part, `name` is
   * `equal` that takes "7" for "r7" or "rack-07" too.
   */
  match: 'equal' | 'begin' | 'part' | 'name'
  read: (node: FleetNodeJson) => readonly string[]
  /** All that can be written, where that is fixed. */
  choices?: readonly string[]
}

/** A field of amounts; null is not known. */
export interface NumberField extends FieldWords {
  kind: 'number'
  unit: string
  read: (node: FleetNodeJson) => number | null
}

/** How long ago something was; seconds, null is not known. */
export interface AgeField extends FieldWords {
  kind: 'age'
  read: (node: FleetNodeJson, now: number) => number | null
}

export type FilterField = TextField | NumberField | AgeField

const secondsSince = (at: string | null, now: number): number | null =>
  at === null ? null : Math.max(0, (now - Date.parse(at)) / 1000)

/** What can be asked of a node, by the word before the sign. */
const filterFields = {
  state: {
    kind: 'text',
    match: 'begin',
    about: 'its state; "drain" is draining and drained, "faulty" is unhealthy and in service',
    choices: ['busy', 'mixed', 'idle', 'reserved', 'powering', 'draining', 'drained', 'down', 'unknown', 'faulty'],
    read: (node) => (isFaulty(node) ? [node.state, 'faulty'] : [node.state]),
  },
  health: {
    kind: 'text',
    match: 'begin',
    about: 'what its checks say',
    choices: ['healthy', 'degraded', 'unhealthy', 'unknown'],
    read: (node) => [node.health],
  },
  owner: {
    kind: 'text',
    match: 'begin',
    about: 'whose drain or cordon it is',
    choices: ['navarch', 'person', 'slurm'],
    read: (node) => [node.owner],
  },
  node: {
    kind: 'text',
    match: 'equal',
    about: 'its name, "train-*" takes all that begin so',
    read: (node) => [node.id],
  },
  pool: { kind: 'text', match: 'equal', about: 'its pool', read: (node) => [node.pool] },
  partition: { kind: 'text', match: 'equal', about: 'a partition that it is in', read: (node) => node.partitions },
  rack: { kind: 'text', match: 'name', about: 'its rack; 7 is r7 too', read: (node) => [node.rack] },
  switch: { kind: 'text', match: 'name', about: 'its switch', read: (node) => [node.switch] },
  type: { kind: 'text', match: 'part', about: 'its type of machine', read: (node) => [node.type] },
  gpu: { kind: 'text', match: 'part', about: 'its type of GPU', read: (node) => [node.gpu_type] },
  user: { kind: 'text', match: 'begin', about: 'who has a job on it', read: (node) => node.users },
  job: { kind: 'text', match: 'equal', about: 'a job on it', read: (node) => node.jobs },
  xid: { kind: 'text', match: 'equal', about: 'an active XID; * is any', read: (node) => node.xids.map(String) },
  op: {
    kind: 'text',
    match: 'equal',
    about: 'the operation that has it in hand; * is any',
    read: (node) => [node.operation],
  },
  reason: { kind: 'text', match: 'part', about: 'words of its reason', read: (node) => [node.reason] },
  util: { kind: 'number', unit: '%', about: 'use of its GPUs', read: (node) => node.gpu_percent },
  gmem: { kind: 'number', unit: '%', about: 'memory of its GPUs', read: (node) => node.gpu_memory_percent },
  temp: { kind: 'number', unit: '°C', about: 'its hottest GPU', read: (node) => node.temperature },
  power: { kind: 'number', unit: 'W', about: 'all its GPUs together', read: (node) => node.power },
  cpu: { kind: 'number', unit: '%', about: 'use of its CPUs', read: (node) => node.cpu_percent },
  mem: { kind: 'number', unit: '%', about: 'its memory', read: (node) => node.memory_percent },
  gpus: { kind: 'number', unit: '', about: 'how many GPUs it has', read: (node) => node.gpus },
  used: { kind: 'number', unit: '', about: 'GPUs that jobs have', read: (node) => node.gpus_used },
  free: {
    kind: 'number',
    unit: '',
    about: 'GPUs that no job has',
    read: (node) => (node.gpus_used === null ? null : node.gpus - node.gpus_used),
  },
  age: { kind: 'age', about: 'how long in its state: <10m, >1d', read: (node, now) => secondsSince(node.since, now) },
  seen: {
    kind: 'age',
    about: 'when its agent was last heard: >5m',
    read: (node, now) => secondsSince(node.seen_at, now),
  },
} as const satisfies Record<string, FilterField>

export type FieldName = keyof typeof filterFields

/** @returns undefined when there is no field of that name */
export function fieldOf(name: string): FilterField | undefined {
  return Object.hasOwn(filterFields, name) ? filterFields[name as FieldName] : undefined
}

export const fieldNames = Object.keys(filterFields) as readonly FieldName[]
