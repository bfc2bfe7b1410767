import {
  type Fields,
  optionalNumber,
  optionalText,
  requiredNumber,
  requiredText,
  textList,
  withoutUndefined,
} from './fields.ts'
import { countGres, type Gres, parseGresList } from './gres.ts'
import { type FreeText, fieldsOf, parseKeyValueRecords } from './key-value.ts'
import { type NodeState, parseNodeState } from './node-state.ts'
import { parseTimestamp } from './timestamp.ts'
import { parseTres, type Tres } from './tres.ts'

/** A node as slurmctld knows it. Times are ms since the epoch, memory is in MiB; absent means that Slurm did not say. */
export interface NodeRecord {
  name: string
  state: NodeState
  /** What slurmctld connects to (NodeAddr); the name itself unless set. */
  address: string
  /** NodeHostName: the host that runs slurmd. */
  hostname: string
  port?: number
  /** Every partition that has the node, in slurmctld's order. */
  partitions: readonly string[]
  cpus: number
  cpusAllocated: number
  /** CPUs less those kept for the system (22.05 and later). */
  cpusEffective?: number
  cpuLoad?: number
  boards: number
  sockets: number
  coresPerSocket: number
  threadsPerCore: number
  memoryMb: number
  memoryAllocatedMb: number
  memoryFreeMb?: number
  tmpDiskMb: number
  weight: number
  features: readonly string[]
  activeFeatures: readonly string[]
  /** Configured generic resources. */
  gres: readonly Gres[]
  /** GPUs configured, of all types. */
  gpus: number
  /** GPUs allocated to jobs; undefined where neither AccountingStorageTRES nor GresUsed tells. */
  gpusAllocated?: number
  /** Generic resources allocated to jobs, by type; undefined when Slurm was not asked (`-d`). */
  gresUsed?: readonly Gres[]
  tres: Tres
  tresAllocated: Tres
  reason?: string
  /** Who set the reason. */
  reasonUser?: string
  reasonAt?: number
  bootTime?: number
  slurmdStartTime?: number
  lastBusyTime?: number
  resumeAfter?: number
  /** slurmd's version. */
  version?: string
  os?: string
  arch?: string
  owner?: string
  mcsLabel?: string
  comment?: string
  extra?: string
  instanceId?: string
  instanceType?: string
  reservation?: string
  /** State after the requested reboot: "RESUME" or "DOWN". */
  nextState?: string
}

const optional = [
  'CapWatts',
  'CurrentWatts',
  'AveWatts',
  'ExtSensorsJoules',
  'Comment',
  'Extra',
  'Reason',
  'InstanceId',
  'InstanceType',
  'ReservationName',
  'TLSCertLastRenewal',
]

/** Keys of a node that hold people's text, and what Slurm prints after them (node_info.c, slurm_sprint_node_table). */
export const nodeFreeText: FreeText = {
  OS: ['RealMemory'],
  Comment: optional,
  Extra: optional,
  Reason: optional,
  InstanceId: optional,
  InstanceType: optional,
}

/**
 * Reads the nodes of `scontrol show node`, with or without `-o` and `-d`, of 21.08 and later, run with `TZ=UTC`.
 * @throws SlurmParseError
 */
export function parseNodes(text: string): NodeRecord[] {
  return parseKeyValueRecords(text, 'NodeName', nodeFreeText).map((record) => nodeRecord(fieldsOf(record)))
}

/**
 * A node from the keys of its record.
 * @throws SlurmParseError
 */
export function nodeRecord(fields: Fields): NodeRecord {
  const name = requiredText(fields, 'NodeName')
  const gres = parseGresList(fields['Gres'] ?? '')
  const tres = parseTres(fields['CfgTRES'] ?? '')
  const tresAllocated = parseTres(fields['AllocTRES'] ?? '')
  const used = fields['GresUsed'] === undefined ? undefined : parseGresList(fields['GresUsed'])
  return withoutUndefined<NodeRecord>({
    name,
    state: parseNodeState(requiredText(fields, 'State')),
    address: optionalText(fields, 'NodeAddr') ?? name,
    hostname: optionalText(fields, 'NodeHostName') ?? name,
    port: optionalNumber(fields, 'Port'),
    partitions: textList(fields, 'Partitions'),
    cpus: requiredNumber(fields, 'CPUTot'),
    cpusAllocated: requiredNumber(fields, 'CPUAlloc'),
    cpusEffective: optionalNumber(fields, 'CPUEfctv'),
    cpuLoad: optionalNumber(fields, 'CPULoad'),
    boards: optionalNumber(fields, 'Boards') ?? 1,
    sockets: requiredNumber(fields, 'Sockets'),
    coresPerSocket: requiredNumber(fields, 'CoresPerSocket'),
    threadsPerCore: requiredNumber(fields, 'ThreadsPerCore'),
    memoryMb: requiredNumber(fields, 'RealMemory'),
    memoryAllocatedMb: requiredNumber(fields, 'AllocMem'),
    memoryFreeMb: optionalNumber(fields, 'FreeMem'),
    tmpDiskMb: requiredNumber(fields, 'TmpDisk'),
    weight: requiredNumber(fields, 'Weight'),
    features: textList(fields, 'AvailableFeatures'),
    activeFeatures: textList(fields, 'ActiveFeatures'),
    gres,
    gpus: countGres(gres, 'gpu'),
    gpusAllocated: allocatedGpus(gres, used, tres, tresAllocated),
    gresUsed: used,
    tres,
    tresAllocated,
    ...reasonOf(optionalText(fields, 'Reason')),
    bootTime: parseTimestamp(fields['BootTime'] ?? ''),
    slurmdStartTime: parseTimestamp(fields['SlurmdStartTime'] ?? ''),
    lastBusyTime: parseTimestamp(fields['LastBusyTime'] ?? ''),
    resumeAfter: parseTimestamp(fields['ResumeAfterTime'] ?? ''),
    version: optionalText(fields, 'Version'),
    os: optionalText(fields, 'OS'),
    arch: optionalText(fields, 'Arch'),
    owner: optionalText(fields, 'Owner')?.replace(/\(\d+\)$/, ''),
    mcsLabel: optionalText(fields, 'MCS_label'),
    comment: optionalText(fields, 'Comment'),
    extra: optionalText(fields, 'Extra'),
    instanceId: optionalText(fields, 'InstanceId'),
    instanceType: optionalText(fields, 'InstanceType'),
    reservation: optionalText(fields, 'ReservationName'),
    nextState: optionalText(fields, 'NextState'),
  })
}

/**
 * GPUs in use: GresUsed (`-d`) knows always, AllocTRES only where GPUs are tracked for accounting.
 * @param used undefined when Slurm was not asked
 */
export function allocatedGpus(
  gres: readonly Gres[],
  used: readonly Gres[] | undefined,
  tres: Tres,
  tresAllocated: Tres,
): number | undefined {
  if (countGres(gres, 'gpu') === 0) return 0
  if (used) return countGres(used, 'gpu')
  return 'gres/gpu' in tres ? (tresAllocated['gres/gpu'] ?? 0) : undefined
}

/** Takes `[root@2026-11-21T04:28:06]` off the end of a reason. */
function reasonOf(text: string | undefined): Pick<NodeRecord, 'reason' | 'reasonUser' | 'reasonAt'> {
  if (text === undefined) return {}
  const match = /^(.*?)\s*\[([^[\]@]*)@([^[\]]*)\]$/s.exec(text)
  if (!match) return { reason: text }
  const [, reason = '', reasonUser = '', time = ''] = match
  const reasonAt = parseTimestamp(time)
  return reasonAt === undefined ? { reason, reasonUser } : { reason, reasonUser, reasonAt }
}
