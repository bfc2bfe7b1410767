import { withoutUndefined } from '../fields.ts'
import { countGres, parseGresList } from '../gres.ts'
import { allocatedGpus, type NodeRecord } from '../node-record.ts'
import { type NodeState, parseNodeState } from '../node-state.ts'
import { parseTres } from '../tres.ts'
import {
  type JsonObject,
  numberOf,
  objectOf,
  parseJsonList,
  positiveOf,
  requiredNumberOf,
  requiredTextOf,
  textOf,
  timeOf,
  wordsOf,
} from './json-value.ts'

/**
 * Reads nodes from `scontrol show nodes --json` (23.02 and later), `sinfo --json` of 22.05, or slurmrestd's `/nodes`
 * of data parsers 0.0.36 to 0.0.45.
 * @throws SlurmParseError, SlurmError
 */
export function parseNodesJson(text: string): NodeRecord[] {
  return parseJsonList(text, 'nodes').map(jsonNode)
}

/** Some nodes of one partition that are alike, as `sinfo --json` groups them since 23.02. */
export interface SinfoGroup {
  partition: string
  state: NodeState
  nodes: readonly string[]
  reason?: string
}

/**
 * Reads `sinfo --json` of 23.02 and later.
 * @throws SlurmParseError, SlurmError
 */
export function parseSinfoJson(text: string): SinfoGroup[] {
  return parseJsonList(text, 'sinfo').map((group) =>
    withoutUndefined<SinfoGroup>({
      partition: requiredTextOf(objectOf(group, 'partition'), 'name'),
      state: parseNodeState(wordsOf(objectOf(group, 'node'), 'state')),
      nodes: wordsOf(objectOf(group, 'nodes'), 'nodes'),
      reason: textOf(objectOf(group, 'reason'), 'description'),
    }),
  )
}

/**
 * One node of the list.
 * @throws SlurmParseError
 */
export function jsonNode(node: JsonObject): NodeRecord {
  const name = requiredTextOf(node, 'name')
  const gres = parseGresList(textOf(node, 'gres') ?? '')
  const usedText = textOf(node, 'gres_used')
  const used = usedText === undefined ? undefined : parseGresList(usedText)
  const tres = parseTres(textOf(node, 'tres') ?? '')
  const tresAllocated = parseTres(textOf(node, 'tres_used') ?? '')
  const load = numberOf(node, 'cpu_load')
  const reason = textOf(node, 'reason')
  const next = wordsOf(node, 'next_state_after_reboot').map((word) => word.toUpperCase())
  return withoutUndefined<NodeRecord>({
    name,
    state: jsonNodeState(node),
    address: textOf(node, 'address') ?? name,
    hostname: textOf(node, 'hostname') ?? name,
    port: positiveOf(node, 'port'),
    partitions: wordsOf(node, 'partitions'),
    cpus: requiredNumberOf(node, 'cpus'),
    cpusAllocated: requiredNumberOf(node, 'alloc_cpus'),
    cpusEffective: positiveOf(node, 'effective_cpus'),
    cpuLoad: load === undefined ? undefined : load / 100,
    boards: numberOf(node, 'boards') ?? 1,
    sockets: requiredNumberOf(node, 'sockets'),
    coresPerSocket: requiredNumberOf(node, 'cores'),
    threadsPerCore: requiredNumberOf(node, 'threads'),
    memoryMb: requiredNumberOf(node, 'real_memory'),
    memoryAllocatedMb: requiredNumberOf(node, 'alloc_memory'),
    memoryFreeMb: numberOf(node, 'free_mem') ?? numberOf(node, 'free_memory'),
    tmpDiskMb: numberOf(node, 'temporary_disk') ?? 0,
    weight: numberOf(node, 'weight') ?? 1,
    features: wordsOf(node, 'features'),
    activeFeatures: wordsOf(node, 'active_features'),
    gres,
    gpus: countGres(gres, 'gpu'),
    gpusAllocated: allocatedGpus(gres, used, tres, tresAllocated),
    gresUsed: used,
    tres,
    tresAllocated,
    reason,
    reasonUser:
      reason === undefined || timeOf(node, 'reason_changed_at') === undefined
        ? undefined
        : textOf(node, 'reason_set_by_user'),
    reasonAt: reason === undefined ? undefined : timeOf(node, 'reason_changed_at'),
    bootTime: timeOf(node, 'boot_time'),
    slurmdStartTime: timeOf(node, 'slurmd_start_time'),
    lastBusyTime: timeOf(node, 'last_busy'),
    resumeAfter: timeOf(node, 'resume_after'),
    version: textOf(node, 'version') ?? textOf(node, 'slurmd_version'),
    os: textOf(node, 'operating_system'),
    arch: textOf(node, 'architecture'),
    owner: textOf(node, 'owner'),
    mcsLabel: textOf(node, 'mcs_label'),
    comment: textOf(node, 'comment'),
    extra: textOf(node, 'extra'),
    instanceId: textOf(node, 'instance_id'),
    instanceType: textOf(node, 'instance_type'),
    reservation: textOf(node, 'reservation'),
    nextState: ['RESUME', 'DOWN'].find((word) => next.includes(word)),
  })
}

/** An array of words since 0.0.39; before that a lower-case word with `state_flags`. */
function jsonNodeState(node: JsonObject): NodeState {
  const words = wordsOf(node, 'state')
  return parseNodeState([...words, ...wordsOf(node, 'state_flags')])
}
