import type { TimeLimit } from '../duration.ts'
import { withoutUndefined } from '../fields.ts'
import { type PartitionRecord, parsePartitionState } from '../partition-record.ts'
import { parseTres } from '../tres.ts'
import {
  isInfinite,
  type JsonObject,
  numberOf,
  objectOf,
  parseJsonList,
  positiveOf,
  requiredTextOf,
  textOf,
  wordsOf,
} from './json-value.ts'

/**
 * Reads partitions from `scontrol show partitions --json` or slurmrestd's `/partitions` of data parsers 0.0.36 to 0.0.45.
 * 0.0.39 does not tell the state: it is `UNKNOWN` there. 0.0.39 to 0.0.44 tell neither which partition is the default nor which are
 * hidden: none is, there.
 * @throws SlurmParseError, SlurmError
 */
export function parsePartitionsJson(text: string): PartitionRecord[] {
  return parseJsonList(text, 'partitions').map(jsonPartition)
}

/**
 * One partition of the list.
 * @throws SlurmParseError
 */
export function jsonPartition(partition: JsonObject): PartitionRecord {
  return typeof partition['nodes'] === 'string' ? flatPartition(partition) : nestedPartition(partition)
}

/** 0.0.36 to 0.0.38. */
function flatPartition(partition: JsonObject): PartitionRecord {
  const flags = wordsOf(partition, 'flags').map((flag) => flag.toUpperCase())
  return withoutUndefined<PartitionRecord>({
    name: requiredTextOf(partition, 'name'),
    state: parsePartitionState(textOf(partition, 'state') ?? ''),
    isDefault: flags.includes('DEFAULT'),
    hidden: flags.includes('HIDDEN'),
    rootOnly: flags.includes('ROOT_ONLY'),
    nodes: textOf(partition, 'nodes') ?? '',
    nodeSets: [],
    totalNodes: numberOf(partition, 'total_nodes') ?? 0,
    totalCpus: numberOf(partition, 'total_cpus') ?? 0,
    minNodes: numberOf(partition, 'min nodes per job') ?? 0,
    maxNodes: numberOf(partition, 'maximum_nodes_per_job'),
    defaultTime: timeLimit(partition, 'default_time_limit'),
    maxTime: timeLimit(partition, 'max_time_limit') ?? 'unlimited',
    priorityTier: numberOf(partition, 'priority_tier') ?? 1,
    priorityJobFactor: numberOf(partition, 'priority_job_factor') ?? 1,
    allowAccounts: allowed(partition, 'allowed_accounts'),
    allowQos: allowed(partition, 'allowed_qos'),
    allowGroups: allowed(partition, 'allowed_groups'),
    qos: textOf(partition, 'qos'),
    overSubscribe: 'UNKNOWN',
    defMemPerCpuMb: numberOf(partition, 'default_memory_per_cpu'),
    defMemPerNodeMb: positiveOf(partition, 'default_memory_per_node'),
    maxMemPerCpuMb: numberOf(partition, 'maximum_memory_per_cpu'),
    maxMemPerNodeMb: positiveOf(partition, 'maximum_memory_per_node'),
    jobDefaults: undefined,
    tres: parseTres(textOf(partition, 'tres') ?? ''),
  })
}

/** 0.0.39 and later. */
function nestedPartition(partition: JsonObject): PartitionRecord {
  const flags = wordsOf(partition, 'flags').map((flag) => flag.toUpperCase())
  const own = objectOf(partition, 'partition')
  const nodes = objectOf(partition, 'nodes')
  const defaults = objectOf(partition, 'defaults')
  const maximums = objectOf(partition, 'maximums')
  const priority = objectOf(partition, 'priority')
  return withoutUndefined<PartitionRecord>({
    name: requiredTextOf(partition, 'name'),
    state: parsePartitionState(wordsOf(own, 'state')[0] ?? ''),
    isDefault: flags.includes('DEFAULT'),
    hidden: flags.includes('HIDDEN'),
    rootOnly: flags.includes('ROOT_ONLY'),
    nodes: textOf(nodes, 'configured') ?? '',
    nodeSets: wordsOf(partition, 'node_sets'),
    totalNodes: numberOf(nodes, 'total') ?? 0,
    totalCpus: numberOf(objectOf(partition, 'cpus'), 'total') ?? 0,
    minNodes: numberOf(objectOf(partition, 'minimums'), 'nodes') ?? 0,
    maxNodes: numberOf(maximums, 'nodes'),
    defaultTime: timeLimit(defaults, 'time'),
    maxTime: timeLimit(maximums, 'time') ?? 'unlimited',
    priorityTier: numberOf(priority, 'tier') ?? 1,
    priorityJobFactor: numberOf(priority, 'job_factor') ?? 1,
    allowAccounts: allowed(objectOf(partition, 'accounts'), 'allowed'),
    allowQos: allowed(objectOf(partition, 'qos'), 'allowed'),
    allowGroups: allowed(objectOf(partition, 'groups'), 'allowed'),
    qos: textOf(objectOf(partition, 'qos'), 'assigned'),
    overSubscribe: textOf(own, 'oversubscribe') ?? 'UNKNOWN',
    defMemPerCpuMb: positiveOf(defaults, 'partition_memory_per_cpu'),
    defMemPerNodeMb: positiveOf(defaults, 'partition_memory_per_node'),
    maxMemPerCpuMb: positiveOf(maximums, 'partition_memory_per_cpu'),
    maxMemPerNodeMb: positiveOf(maximums, 'partition_memory_per_node'),
    jobDefaults: textOf(defaults, 'job'),
    tres: parseTres(textOf(objectOf(partition, 'tres'), 'configured') ?? ''),
  })
}

/** Minutes as ms. */
function timeLimit(object: JsonObject, key: string): TimeLimit | undefined {
  if (isInfinite(object, key)) return 'unlimited'
  const minutes = positiveOf(object, key)
  return minutes === undefined ? undefined : minutes * 60_000
}

function allowed(object: JsonObject, key: string): 'ALL' | readonly string[] {
  const names = wordsOf(object, key)
  return names.length === 0 || names[0] === 'ALL' ? 'ALL' : names
}
