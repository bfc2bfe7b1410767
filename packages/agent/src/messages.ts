import { create } from '@bufbuild/protobuf'
import { timestampFromMs } from '@bufbuild/protobuf/wkt'
import {
  type AgentMessage,
  AgentMessageSchema,
  FindingSchema,
  type HeartbeatRequest,
  HeartbeatRequestSchema,
  type RegisterNodeRequest,
  RegisterNodeRequestSchema,
  type ReportHealthRequest,
  ReportHealthRequestSchema,
  type Finding as WireFinding,
} from '@navarch/api/control-plane'
import type { Finding } from '@navarch/core/health/finding'
import type { GpuReading } from '@navarch/gpu/gpu-reading'
import type { Machine, MachineLoad } from './machine.ts'
import type { AgentSettings } from './settings.ts'

/** A message of the link without its number. */
export type AgentMessageBody = Exclude<AgentMessage['body'], { case: undefined }>

/** Numbers a message. */
export function agentMessage(seq: bigint, body: AgentMessageBody): AgentMessage {
  return create(AgentMessageSchema, { seq, body })
}

/** The link's first message: the node and what it has. */
export function registration(
  settings: AgentSettings,
  machine: Machine,
  gpus: readonly GpuReading[],
  agentVersion: string,
): RegisterNodeRequest {
  const { nodeId, provider, region, zone, instanceType, pool } = settings
  return create(RegisterNodeRequestSchema, {
    nodeId,
    provider,
    region,
    zone,
    instanceType,
    pool,
    agentVersion,
    bootId: machine.bootId,
    metadata: { hostname: machine.hostname, internalIp: machine.internalIp, kernelVersion: machine.kernelVersion },
    gpus: gpus.map((gpu, position) => ({
      index: gpu.index ?? position,
      uuid: gpu.uuid ?? '',
      name: gpu.name ?? '',
      pciBusId: gpu.pciBusId ?? '',
      memoryTotal: BigInt(gpu.memoryTotalBytes ?? 0),
      driverVersion: gpu.driverVersion ?? '',
    })),
  })
}

/** A sign of life. Readings that were sent before are left out, which keeps it small. */
export function heartbeat(
  nodeId: string,
  at: number,
  load: MachineLoad,
  gpus: readonly GpuReading[],
): HeartbeatRequest {
  return create(HeartbeatRequestSchema, {
    nodeId,
    timestamp: timestampFromMs(at),
    metrics: {
      cpuUsagePercent: load.cpuPercent ?? 0,
      memoryUsagePercent: load.memoryPercent ?? 0,
      gpuMetrics: gpus.flatMap((gpu) => (gpu.index === undefined ? [] : [gpuMetrics(gpu, gpu.index)])),
    },
  })
}

function gpuMetrics(gpu: GpuReading, gpuIndex: number) {
  const { temperatureCelsius, powerWatts, utilizationPercent, memoryUsedBytes, uuid } = gpu
  const { eccCorrectedVolatile, eccUncorrectedVolatile, rowRemapPending, rowRemapFailure } = gpu
  const remapped =
    gpu.rowRemapCorrectable === undefined && gpu.rowRemapUncorrectable === undefined
      ? undefined
      : (gpu.rowRemapCorrectable ?? 0) + (gpu.rowRemapUncorrectable ?? 0)
  return {
    gpuIndex,
    ...(uuid !== undefined && { gpuUuid: uuid }),
    ...(temperatureCelsius !== undefined && { temperature: Math.round(temperatureCelsius) }),
    ...(powerWatts !== undefined && { powerUsage: Math.round(powerWatts) }),
    ...(utilizationPercent !== undefined && { utilizationPercent }),
    ...(memoryUsedBytes !== undefined && { memoryUsed: BigInt(memoryUsedBytes) }),
    ...(eccCorrectedVolatile !== undefined && { eccCorrected: BigInt(eccCorrectedVolatile) }),
    ...(eccUncorrectedVolatile !== undefined && { eccUncorrected: BigInt(eccUncorrectedVolatile) }),
    ...(remapped !== undefined && { remappedRows: remapped }),
    ...(rowRemapPending !== undefined && { remapPending: rowRemapPending }),
    ...(rowRemapFailure !== undefined && { remapFailed: rowRemapFailure }),
  }
}

/**
 * A health report.
 * @param full whether `findings` are all that hold now, or news alone
 */
export function healthReport(
  nodeId: string,
  reportId: string,
  findings: WireFinding[],
  full: boolean,
): ReportHealthRequest {
  return create(ReportHealthRequestSchema, { nodeId, reportId, findings, full })
}

/** A condition as it travels: its class stays behind, since the control plane decides on that. */
export function conditionToWire(finding: Finding): WireFinding {
  return create(FindingSchema, {
    id: finding.id,
    source: finding.source,
    code: finding.code,
    xid: finding.xid ?? 0,
    gpuUuid: finding.gpuUuid ?? '',
    gpuIndex: finding.gpuIndex ?? -1,
    pciBusId: finding.pciBusId ?? '',
    message: finding.message,
    evidence: finding.evidence,
    at: timestampFromMs(finding.at),
    class: finding.class,
    fatal: finding.fatal,
    recoveryAction: finding.code === 'recovery-action' ? finding.evidence.replace(/^.*?: /, '') : '',
  })
}
