import { type Timestamp, timestampDate } from '@bufbuild/protobuf/wkt'
import {
  HealthEventType,
  HealthStatus,
  HealthWatchSystem,
  type ReportHealthRequest,
  type Finding as WireFinding,
} from '@navarch/api/control-plane'
import { classifySxid, classifyXid } from '@navarch/core/health/classify-xid'
import { type Finding, type FindingClass, findingClasses } from '@navarch/core/health/finding'
import {
  classifyOriginalCheck,
  classifyOriginalEvent,
  type OriginalHealthEvent,
} from '@navarch/core/health/original-report'
import { parseRecoveryAction } from '@navarch/core/health/recovery-action'

/** Findings of a report, ours or an original agent's, judged by this control plane's own tables. */
export function findingsOfReport(report: ReportHealthRequest, now: number): Finding[] {
  const node = report.nodeId
  if (report.findings.length > 0 || report.reportId !== '') {
    return report.findings.map((finding) => findingOf(node, finding, now))
  }
  const events = report.events.flatMap((event) => {
    const original: OriginalHealthEvent = {
      at: timeOf(event.timestamp, now),
      gpuIndex: event.gpuIndex,
      gpuUuid: event.gpuUuid,
      system: (HealthWatchSystem[event.system] ?? '').toLowerCase(),
      eventType: eventTypes[event.eventType] ?? 'unknown',
      metrics: event.metrics,
      message: event.message,
    }
    return classifyOriginalEvent(node, original) ?? []
  })
  const checks = report.results.flatMap((result) => {
    const original = {
      check: result.checkName,
      status: checkStates[result.status] ?? ('unknown' as const),
      message: result.message,
      at: timeOf(result.timestamp, now),
    }
    return classifyOriginalCheck(node, original) ?? []
  })
  return [...events, ...checks]
}

const eventTypes: Record<number, OriginalHealthEvent['eventType']> = {
  [HealthEventType.XID]: 'xid',
  [HealthEventType.THERMAL]: 'thermal',
  [HealthEventType.POWER]: 'power',
  [HealthEventType.MEMORY]: 'memory',
  [HealthEventType.NVLINK]: 'nvlink',
  [HealthEventType.PCIE]: 'pcie',
  [HealthEventType.DRIVER_ERROR]: 'driver_error',
  [HealthEventType.ECC_SBE]: 'ecc_sbe',
  [HealthEventType.ECC_DBE]: 'ecc_dbe',
}

const checkStates = {
  [HealthStatus.UNKNOWN]: 'unknown',
  [HealthStatus.HEALTHY]: 'healthy',
  [HealthStatus.DEGRADED]: 'degraded',
  [HealthStatus.UNHEALTHY]: 'unhealthy',
} as const

function findingOf(node: string, wire: WireFinding, now: number): Finding {
  const place = {
    ...(wire.gpuUuid !== '' && { gpuUuid: wire.gpuUuid }),
    ...(wire.gpuIndex >= 0 && { gpuIndex: wire.gpuIndex }),
    ...(wire.pciBusId !== '' && { pciBusId: wire.pciBusId }),
  }
  const at = timeOf(wire.at, now)
  const id = `${node}/${wire.id}`
  const line = { id, node, message: wire.message, evidence: wire.evidence, at, ...place }
  if (wire.xid > 0) return classifyXid({ ...line, xid: wire.xid }, parseRecoveryAction(wire.recoveryAction))
  const sxid = /^sxid-(\d+)$/.exec(wire.code)?.[1]
  if (sxid !== undefined) return classifySxid({ ...line, xid: Number(sxid) })
  return {
    id,
    node,
    source: wire.source === 'kernel-log' || wire.source === 'nvidia-smi' ? wire.source : 'agent',
    code: wire.code,
    class: findingClasses.find((known: FindingClass) => known === wire.class) ?? 'watch',
    fatal: wire.fatal,
    message: wire.message,
    evidence: wire.evidence,
    // A condition is repeated for as long as it holds: this is when it was seen last.
    at: now,
    ...place,
  }
}

function timeOf(timestamp: Timestamp | undefined, now: number): number {
  return timestamp ? timestampDate(timestamp).getTime() : now
}
