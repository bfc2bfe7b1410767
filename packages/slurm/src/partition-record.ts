import { parseTimeLimit, type TimeLimit } from './duration.ts'
import { type Fields, optionalNumber, optionalText, requiredText, textList, withoutUndefined } from './fields.ts'
import { fieldsOf, parseKeyValueRecords } from './key-value.ts'
import { parseTres, type Tres } from './tres.ts'

/** `UNKNOWN` is a word that a newer Slurm invented. */
export type PartitionState = 'UP' | 'DOWN' | 'DRAIN' | 'INACTIVE' | 'UNKNOWN'

/** A partition. Absent limits are none. */
export interface PartitionRecord {
  name: string
  state: PartitionState
  isDefault: boolean
  hidden: boolean
  rootOnly: boolean
  /** Its nodes as a hostlist; empty when it has none. */
  nodes: string
  nodeSets: readonly string[]
  totalNodes: number
  totalCpus: number
  minNodes: number
  maxNodes?: number
  /** Undefined: the partition does not say, so MaxTime holds. */
  defaultTime?: TimeLimit
  maxTime: TimeLimit
  priorityTier: number
  priorityJobFactor: number
  /** "ALL" or the names. */
  allowAccounts: 'ALL' | readonly string[]
  allowQos: 'ALL' | readonly string[]
  allowGroups: 'ALL' | readonly string[]
  qos?: string
  /** OverSubscribe: "NO", "YES:4", "FORCE:2", "EXCLUSIVE". */
  overSubscribe: string
  /** MiB each; undefined when not set. */
  defMemPerCpuMb?: number
  defMemPerNodeMb?: number
  maxMemPerCpuMb?: number
  maxMemPerNodeMb?: number
  /** JobDefaults such as "DefCpuPerGPU=4,DefMemPerGPU=1024". */
  jobDefaults?: string
  tres: Tres
}

/**
 * Reads `scontrol show partition`, with or without `-o`.
 * @throws SlurmParseError
 */
export function parsePartitions(text: string): PartitionRecord[] {
  return parseKeyValueRecords(text, 'PartitionName').map((record) => partitionRecord(fieldsOf(record)))
}

/**
 * A partition from the keys of its record.
 * @throws SlurmParseError
 */
export function partitionRecord(fields: Fields): PartitionRecord {
  return withoutUndefined<PartitionRecord>({
    name: requiredText(fields, 'PartitionName'),
    state: parsePartitionState(requiredText(fields, 'State')),
    isDefault: fields['Default'] === 'YES',
    hidden: fields['Hidden'] === 'YES',
    rootOnly: fields['RootOnly'] === 'YES',
    nodes: optionalText(fields, 'Nodes') ?? '',
    nodeSets: textList(fields, 'NodeSets'),
    totalNodes: optionalNumber(fields, 'TotalNodes') ?? 0,
    totalCpus: optionalNumber(fields, 'TotalCPUs') ?? 0,
    minNodes: optionalNumber(fields, 'MinNodes') ?? 0,
    maxNodes: optionalNumber(fields, 'MaxNodes'),
    defaultTime: parseTimeLimit(fields['DefaultTime'] ?? ''),
    maxTime: parseTimeLimit(fields['MaxTime'] ?? '') ?? 'unlimited',
    priorityTier: optionalNumber(fields, 'PriorityTier') ?? 1,
    priorityJobFactor: optionalNumber(fields, 'PriorityJobFactor') ?? 1,
    allowAccounts: allowed(fields, 'AllowAccounts'),
    allowQos: allowed(fields, 'AllowQos'),
    allowGroups: allowed(fields, 'AllowGroups'),
    qos: optionalText(fields, 'QoS'),
    overSubscribe: fields['OverSubscribe'] ?? 'NO',
    defMemPerCpuMb: optionalNumber(fields, 'DefMemPerCPU'),
    defMemPerNodeMb: optionalNumber(fields, 'DefMemPerNode'),
    maxMemPerCpuMb: optionalNumber(fields, 'MaxMemPerCPU'),
    maxMemPerNodeMb: optionalNumber(fields, 'MaxMemPerNode'),
    jobDefaults: optionalText(fields, 'JobDefaults'),
    tres: parseTres(fields['TRES'] ?? ''),
  })
}

/** Reads a partition's state word. */
export function parsePartitionState(word: string): PartitionState {
  return (['UP', 'DOWN', 'DRAIN', 'INACTIVE'] as const).find((state) => state === word.toUpperCase()) ?? 'UNKNOWN'
}

function allowed(fields: Fields, key: string): 'ALL' | readonly string[] {
  const names = textList(fields, key)
  return names.length === 0 || names[0] === 'ALL' ? 'ALL' : names
}
