import { spanText } from '../../job/phrases.ts'
import type { FleetNode, GpuSample } from '../../node/node.ts'
import type { Operation } from '../../operation/operation.ts'
import type { Reading, Readings } from '../alert.ts'
import type { Labels } from '../alert-rule.ts'

/** What is known of the fleet without Slurm. Times in ms. */
export interface FleetFacts {
  nodes: readonly FleetNode[]
  labelsOf: (node: FleetNode) => Labels
  /** The open operation that has the node in hand. */
  operationOf: (node: string) => Operation | undefined
  /** The operation on the node that waits for approval. */
  proposalOf: (node: string) => Operation | undefined
  /** Silence after which what a node said last is not known any more. */
  heartbeatTimeoutMs: number
  /** Since when this control plane has listened. */
  listeningSince: number
  now: number
}

/** Nodes that have a machine and are not being made or given up. */
function serving({ nodes }: FleetFacts): FleetNode[] {
  return nodes.filter((node) => node.status !== 'terminated' && node.status !== 'provisioning')
}

const mib = 2 ** 20

/** Values of GPUs as heartbeats tell them, by metric. */
export const gpuValues = {
  gpu_utilization: (sample: GpuSample) => sample.utilizationPercent,
  gpu_memory_used: (sample: GpuSample) =>
    sample.memoryUsedBytes === undefined ? undefined : sample.memoryUsedBytes / mib,
  gpu_memory_percent: (sample: GpuSample, node: FleetNode) => {
    const total = node.gpus.find((gpu) =>
      sample.uuid === undefined ? gpu.index === sample.index : gpu.uuid === sample.uuid,
    )?.memoryTotalBytes
    return total && sample.memoryUsedBytes !== undefined ? (100 * sample.memoryUsedBytes) / total : undefined
  },
  gpu_temperature: (sample: GpuSample) => sample.temperatureCelsius,
  gpu_power: (sample: GpuSample) => sample.powerWatts,
} as const

export function gpuReadings(
  facts: FleetFacts,
  pick: (sample: GpuSample, node: FleetNode) => number | undefined,
): Readings {
  const values: Reading[] = []
  for (const node of serving(facts)) {
    const fresh = node.sampledAt !== undefined && facts.now - node.sampledAt <= facts.heartbeatTimeoutMs
    const labels = facts.labelsOf(node)
    for (const sample of node.samples) {
      const gpu = String(sample.index)
      values.push({
        key: `${node.id}/${gpu}`,
        labels: { ...labels, gpu },
        value: fresh ? pick(sample, node) : undefined,
      })
    }
  }
  return { values }
}

/** Values of nodes as heartbeats tell them, by metric. */
export const loadValues = {
  node_cpu_percent: (node: FleetNode) => node.load?.cpuPercent,
  node_memory_percent: (node: FleetNode) => node.load?.memoryPercent,
} as const

export function loadReadings(facts: FleetFacts, pick: (node: FleetNode) => number | undefined): Readings {
  const values = serving(facts).map((node): Reading => {
    const fresh = node.lastHeartbeat !== undefined && facts.now - node.lastHeartbeat <= facts.heartbeatTimeoutMs
    return { key: node.id, labels: facts.labelsOf(node), value: fresh ? pick(node) : undefined }
  })
  return { values }
}

const healthNumbers = { healthy: 0, degraded: 1, unhealthy: 2, unknown: undefined } as const

export function healthReadings(facts: FleetFacts): Readings {
  const values = serving(facts).map((node): Reading => {
    const value = healthNumbers[node.health]
    const note = value === undefined || value === 0 || node.healthReason === '' ? {} : { note: node.healthReason }
    return { key: node.id, labels: facts.labelsOf(node), value, ...note }
  })
  return { values }
}

function isMadeOrGivenUp(operation: Operation | undefined): boolean {
  if (!operation || operation.state === 'waiting_for_approval') return false
  return operation.kind === 'provision' || operation.kind === 'replace' || operation.kind === 'scale-down'
}

/**
 * Nodes that Navarch makes, makes again or gives up are silent because it does so, and have no value. After a start nobody knows who is
 * silent before each node had time to be heard.
 */
export function silenceReadings(facts: FleetFacts): Readings {
  const { now, listeningSince, heartbeatTimeoutMs } = facts
  const values = serving(facts).flatMap((node): Reading[] => {
    if (node.registeredAt === undefined || isMadeOrGivenUp(facts.operationOf(node.id))) return []
    const heard = node.lastHeartbeat ?? node.registeredAt
    const known = heard >= listeningSince || now - listeningSince > heartbeatTimeoutMs
    const silentMs = Math.max(0, now - heard)
    return [
      {
        key: node.id,
        labels: facts.labelsOf(node),
        value: known ? silentMs / 1000 : undefined,
        note: `no heartbeat for ${spanText(silentMs)}`,
      },
    ]
  })
  return { values }
}

/**
 * 1 for a node that is faulty while nobody is at it; what only waits for approval is at nothing. A node that is silent keeps its last
 * word, a fault is mended by none.
 */
export function unattendedReadings(facts: FleetFacts): Readings {
  const values = serving(facts).map((node): Reading => {
    const faulty = node.health === 'unhealthy' || node.status === 'unhealthy'
    const attended = facts.operationOf(node.id) !== undefined || node.hold !== undefined
    const value = faulty && !attended ? 1 : node.health === 'unknown' && !attended ? undefined : 0
    const why = node.healthReason === '' ? 'faulty' : node.healthReason
    const proposal = facts.proposalOf(node.id)
    const who = proposal ? `its ${proposal.kind} waits for approval (operation ${proposal.id})` : 'nobody is at it'
    return { key: node.id, labels: facts.labelsOf(node), value, note: `${why}; ${who}` }
  })
  return { values }
}

/** Codes of findings that stand for an uncorrected memory error. Source: NVIDIA's XID catalogue and our table of readings. */
const uncorrectedCodes: ReadonlySet<string> = new Set([
  'ecc-uncorrected',
  'ecc-sram-threshold',
  'row-remap-failure',
  'xid-48',
  'xid-94',
  'xid-95',
])

export function eccReadings(facts: FleetFacts): Readings {
  const values: Reading[] = []
  for (const node of serving(facts)) {
    const labels = facts.labelsOf(node)
    const byGpu = Map.groupBy(
      node.findings.filter((finding) => uncorrectedCodes.has(finding.code)),
      (finding) => finding.gpuIndex,
    )
    for (const [index, findings] of byGpu) {
      values.push({
        key: `${node.id}/${index ?? ''}`,
        labels: { ...labels, ...(index !== undefined && { gpu: String(index) }) },
        value: findings.length,
        note: findings[0]?.message ?? '',
      })
    }
  }
  return { values }
}

/** XIDs that are active, each with its code for a value. */
export function xidReadings(facts: FleetFacts): Readings {
  const values: Reading[] = []
  for (const node of serving(facts)) {
    const labels = facts.labelsOf(node)
    for (const { xid, gpuIndex, pciBusId, message } of node.findings) {
      if (xid === undefined) continue
      const gpu = gpuIndex === undefined ? {} : { gpu: String(gpuIndex) }
      values.push({
        key: `${node.id}/${gpuIndex ?? pciBusId ?? ''}/${xid}`,
        labels: { ...labels, ...gpu, xid: String(xid) },
        value: xid,
        note: message,
      })
    }
  }
  return { values }
}

export function findingReadings(facts: FleetFacts): Readings {
  const values = new Map<string, Reading>()
  for (const node of serving(facts)) {
    const labels = facts.labelsOf(node)
    for (const { code, class: kind, count, gpuIndex, message } of node.findings) {
      const gpu = gpuIndex === undefined ? {} : { gpu: String(gpuIndex) }
      const key = `${node.id}/${gpuIndex ?? ''}/${code}`
      const before = values.get(key)?.value ?? 0
      values.set(key, { key, labels: { ...labels, ...gpu, code, class: kind }, value: before + count, note: message })
    }
  }
  return { values: [...values.values()] }
}
