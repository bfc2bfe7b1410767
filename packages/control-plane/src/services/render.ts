import type { BootstrapLogJson, EventJson, GpuJson, HealthEventJson, NodeJson, OperationJson } from '@navarch/api/rest'
import type { ActiveFinding, Finding } from '@navarch/core/health/finding'
import type { FleetNode, NodeHealth, NodeStatus } from '@navarch/core/node/node'
import type { Operation } from '@navarch/core/operation/operation'
import { reasonOwner } from '@navarch/core/pool/reason-owner'
import type { JobRecord } from '@navarch/slurm/job-record'
import type { NodeRecord } from '@navarch/slurm/node-record'
import { formatNodeState, isBusy, isDrain } from '@navarch/slurm/node-state'
import type { BootstrapRecord, HistoryEvent } from '../store/store.ts'

/** What Slurm says of one node. */
export interface NodeInSlurm {
  record: NodeRecord
  jobs: readonly JobRecord[]
  seenAt: number
}

/** RFC 3339, UTC. */
export function time(ms: number): string {
  return new Date(ms).toISOString()
}

function timeOrNull(ms: number | undefined): string | null {
  return ms === undefined ? null : time(ms)
}

export function renderNode(
  node: FleetNode,
  inSlurm: NodeInSlurm | undefined,
  operations: readonly string[],
  history: readonly Finding[] = [],
): NodeJson {
  return {
    id: node.id,
    health: node.health,
    health_reason: node.healthReason,
    status: statusOf(node, inSlurm?.record),
    pool: node.pool,
    provider: node.provider,
    region: node.region,
    zone: node.zone,
    instance_type: node.instanceType,
    gpu_count: node.gpus.length,
    gpus: renderGpus(node),
    health_events: renderFindings(node.findings, history),
    last_heartbeat: timeOrNull(node.lastHeartbeat),
    machine_id: node.machine?.id ?? null,
    address: node.machine?.address ?? (node.internalIp || null),
    slurm: inSlurm
      ? {
          state: formatNodeState(inSlurm.record.state),
          reason: inSlurm.record.reason ?? '',
          partitions: [...inSlurm.record.partitions],
          jobs: inSlurm.jobs.map((job) => String(job.id)),
          seen_at: time(inSlurm.seenAt),
        }
      : null,
    hold: node.hold ? { ...node.hold, since: time(node.hold.since) } : null,
    operations: [...operations],
    agent_version: node.agentVersion,
    created_at: time(node.createdAt),
    registered_at: timeOrNull(node.registeredAt),
    node_id: node.id,
    health_status: originalHealth[node.health],
    metadata: {
      hostname: node.hostname,
      internal_ip: node.internalIp,
      external_ip: node.externalIp,
      kernel_version: node.kernelVersion,
      labels: node.labels,
    },
  }
}

const originalHealth: Record<NodeHealth, string> = {
  unknown: 'HEALTH_STATUS_UNKNOWN',
  healthy: 'HEALTH_STATUS_HEALTHY',
  degraded: 'HEALTH_STATUS_DEGRADED',
  unhealthy: 'HEALTH_STATUS_UNHEALTHY',
}

/** A drain that somebody else set in Slurm shows; ours shows by the fleet's own word, which is newer than any look at Slurm. */
function statusOf(node: FleetNode, record: NodeRecord | undefined): NodeStatus {
  if (node.status !== 'active' || !record || !isDrain(record.state) || !isTheirs(record.reason)) return node.status
  return isBusy(record.state) ? 'draining' : 'drained'
}

/** Slurm asks for a reason with every drain; only the registration of a FUTURE name leaves one of ours without. */
function isTheirs(reason: string | undefined): boolean {
  const owner = reasonOwner(reason)
  return owner === 'person' || owner === 'slurm'
}

function renderGpus(node: FleetNode): GpuJson[] {
  return node.gpus.map((gpu) => {
    const sample = node.samples.find((candidate) =>
      candidate.uuid === undefined ? candidate.index === gpu.index : candidate.uuid === gpu.uuid,
    )
    return {
      index: gpu.index,
      uuid: gpu.uuid,
      name: gpu.name,
      pci_bus_id: gpu.pciBusId,
      memory_total: gpu.memoryTotalBytes ?? null,
      driver_version: gpu.driverVersion ?? '',
      cuda_version: gpu.cudaVersion ?? '',
      utilization: sample?.utilizationPercent ?? null,
      temperature_celsius: sample?.temperatureCelsius ?? null,
      power_watts: sample?.powerWatts ?? null,
      memory_used: sample?.memoryUsedBytes ?? null,
    }
  })
}

function renderFindings(active: readonly ActiveFinding[], history: readonly Finding[]): HealthEventJson[] {
  const ids = new Set(active.map((finding) => finding.id))
  return [
    ...active.map((finding) => renderFinding(finding, finding.count, finding.lastSeenAt, true)),
    ...history.filter((finding) => !ids.has(finding.id)).map((finding) => renderFinding(finding, 1, finding.at, false)),
  ]
}

function renderFinding(finding: Finding, count: number, lastSeenAt: number, active: boolean): HealthEventJson {
  return {
    id: finding.id,
    node: finding.node,
    source: finding.source,
    code: finding.code,
    xid: finding.xid ?? null,
    class: finding.class,
    gpu_uuid: finding.gpuUuid ?? null,
    gpu_index: finding.gpuIndex ?? null,
    pci_bus_id: finding.pciBusId ?? null,
    message: finding.message,
    evidence: finding.evidence,
    at: time(finding.at),
    last_seen_at: time(lastSeenAt),
    count,
    active,
  }
}

export function renderOperation(operation: Operation): OperationJson {
  return {
    id: operation.id,
    kind: operation.kind,
    pool: operation.pool,
    node: operation.node,
    state: operation.state,
    step: operation.step,
    steps: operation.steps.map((step) => ({
      name: step.name,
      state: step.state,
      started_at: timeOrNull(step.startedAt),
      finished_at: timeOrNull(step.finishedAt),
      attempts: step.attempts,
      message: step.message,
    })),
    approval: operation.approval
      ? {
          state: operation.approval.state,
          by: operation.approval.by ?? null,
          at: time(operation.approval.at),
          reason: operation.approval.reason ?? null,
        }
      : null,
    reason: operation.reason,
    initiator: operation.initiator,
    created_at: time(operation.createdAt),
    updated_at: time(operation.updatedAt),
  }
}

export function renderEvent(event: HistoryEvent): EventJson {
  return { ...event, at: time(event.at) }
}

export function renderBootstrap(record: BootstrapRecord): BootstrapLogJson {
  return {
    node: record.node,
    pool: record.pool,
    started_at: time(record.startedAt),
    duration_ms: record.durationMs,
    ssh_wait_ms: record.sshWaitMs,
    success: record.success,
    error: record.error,
    commands: record.commands.map(({ command, stdout, stderr, exitCode, durationMs }) => ({
      command,
      stdout,
      stderr,
      exit_code: exitCode,
      duration_ms: durationMs,
    })),
  }
}
