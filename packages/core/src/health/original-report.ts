import { classifyXid } from './classify-xid.ts'
import type { Finding, FindingClass } from './finding.ts'

/** A HealthEvent of the original agent's protocol, its enums as lower-case words. */
export interface OriginalHealthEvent {
  /** ms since the epoch. */
  at: number
  /** Negative when it concerns no single GPU. */
  gpuIndex: number
  gpuUuid: string
  /** e.g. "mem", "nvlink", "thermal" */
  system: string
  eventType:
    | 'unknown'
    | 'xid'
    | 'thermal'
    | 'power'
    | 'memory'
    | 'nvlink'
    | 'pcie'
    | 'driver_error'
    | 'ecc_sbe'
    | 'ecc_dbe'
  /** Numbers as text: "xid_code", "temperature", "ecc_sbe_count", "ecc_dbe_count". */
  metrics: Readonly<Record<string, string>>
  message: string
}

/** A HealthCheckResult of the original agent's protocol. */
export interface OriginalCheckResult {
  /** e.g. "boot", "gpu" */
  check: string
  status: 'unknown' | 'healthy' | 'degraded' | 'unhealthy'
  message: string
  /** ms since the epoch. */
  at: number
}

interface Verdict {
  code: string
  class: FindingClass
  message: string
}

/** Single-bit errors that memory may correct before it is worth a word. */
const manyCorrected = 100
/** °C. The original agent knows no margin, so its own absolute limits hold. */
const hotCelsius = 85
const tooHotCelsius = 95

/**
 * The finding of an original agent's event; undefined for one that says nothing (a thermal event below the limits).
 * XIDs are judged by our catalogue, not by the original's list, which replaced machines for users' bugs.
 */
export function classifyOriginalEvent(node: string, event: OriginalHealthEvent): Finding | undefined {
  const evidence = `${event.eventType} ${JSON.stringify(event.metrics)} ${event.message}`.trim()
  const place = {
    ...(event.gpuUuid !== '' && { gpuUuid: event.gpuUuid }),
    ...(event.gpuIndex >= 0 && { gpuIndex: event.gpuIndex }),
  }
  const id = `${node}/${event.eventType}/${event.gpuUuid || event.gpuIndex}/${event.at}`
  const xid = numberOf(event.metrics.xid_code)
  if (event.eventType === 'xid' && xid !== undefined) {
    const line = { id: `${id}/${xid}`, node, xid, message: event.message, evidence, at: event.at, ...place }
    return { ...classifyXid(line), source: 'report' }
  }
  const verdict = verdictOf(event)
  return verdict && { id, node, source: 'report', fatal: false, evidence, at: event.at, ...verdict, ...place }
}

/** The finding of an original agent's check; undefined for one that passed. */
export function classifyOriginalCheck(node: string, result: OriginalCheckResult): Finding | undefined {
  if (result.status === 'healthy') return undefined
  return {
    id: `${node}/check-${result.check}/${result.at}`,
    node,
    source: 'report',
    code: `check-${result.check}`,
    class: result.status === 'unhealthy' ? 'drain-reboot' : 'watch',
    fatal: false,
    message: `check "${result.check}" is ${result.status}${result.message ? `: ${result.message}` : ''}`,
    evidence: result.message,
    at: result.at,
  }
}

function verdictOf(event: OriginalHealthEvent): Verdict | undefined {
  const words = (fallback: string) => event.message || fallback
  const uncorrected = numberOf(event.metrics.ecc_dbe_count) ?? 0
  if (event.eventType === 'ecc_dbe' || (event.system === 'mem' && uncorrected > 0)) {
    return { code: 'ecc-uncorrected', class: 'drain-reset', message: words('uncorrectable ECC error') }
  }
  if (event.eventType === 'thermal' || event.system === 'thermal') {
    const celsius = numberOf(event.metrics.temperature)
    if (celsius === undefined || celsius < hotCelsius) return undefined
    const message = `GPU at ${celsius} °C`
    if (celsius >= tooHotCelsius) return { code: 'thermal-slowdown', class: 'drain-replace', message }
    return { code: 'thermal-margin', class: 'watch', message }
  }
  if (event.eventType === 'ecc_sbe') {
    const corrected = numberOf(event.metrics.ecc_sbe_count) ?? 0
    if (corrected <= manyCorrected) return undefined
    return { code: 'ecc-corrected', class: 'watch', message: `${corrected} corrected ECC errors` }
  }
  const kind = event.eventType === 'unknown' ? event.system : event.eventType
  return { code: kind.replaceAll('_', '-') || 'unknown', class: 'watch', message: words(`${kind} event`) }
}

function numberOf(text: string | undefined): number | undefined {
  if (text === undefined || text.trim() === '') return undefined
  const number = Number(text)
  return Number.isFinite(number) ? number : undefined
}
