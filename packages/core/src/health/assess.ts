import type { FleetNode, NodeHealth } from '../node/node.ts'
import type { HealthSpec } from '../pool/pool-spec.ts'
import { type ActiveFinding, type Finding, findingClasses } from './finding.ts'

/** What a node's agent said at one moment. */
export interface HealthReport {
  node: string
  /** When it was made, ms since the epoch. */
  at: number
  /**
   * Whether it covers everything that the agent checks. Only such a report can be a good one, and what it does not
   * repeat is over. The others bring news of one event.
   */
  complete: boolean
  /** The boot that it was made in; absent when the agent does not say. */
  bootId?: string
  findings: readonly Finding[]
}

export type HealthDecision = 'none' | 'drain' | 'drain-and-replace'

export interface Assessment {
  /** What holds now for the node's present machine, the gravest first. */
  findings: ActiveFinding[]
  /** Those of the report that were not known: to be recorded and announced. */
  newFindings: Finding[]
  health: NodeHealth
  /** The gravest finding's message; empty when healthy. */
  healthReason: string
  badReports: number
  /** What should be done now. It stays the same for as long as the fault holds: acting on it twice is the caller's to avoid. */
  decision: HealthDecision
}

/** Events that ask for no drain are shown this long after they were last seen. */
export const eventMemoryMs = 24 * 3_600_000

/** What is needed of a node to judge a report about it. */
export type AssessedNode = Pick<FleetNode, 'bootId' | 'findings' | 'badReports' | 'health' | 'healthReason'>

/**
 * Judges a report.
 *
 * - A kernel-log finding is an event: it holds until the machine restarts or is replaced, since nothing else undoes it;
 *   one that asks for no drain fades after `eventMemoryMs`. Any other finding is a condition: it holds for as long as
 *   complete reports repeat it.
 * - A report is bad when a finding that asks for a drain holds after it and it brings news or is complete.
 *   A complete report after which none holds is good and resets the count. Anything else changes nothing.
 * - A fatal finding drains at once; others when `unhealthyThreshold` bad reports came in a row.
 *
 * A report is to be judged once: a complete one that came twice would count twice.
 * @param now ms since the epoch
 */
export function assessReport(node: AssessedNode, report: HealthReport, policy: HealthSpec, now: number): Assessment {
  const restarted = report.bootId !== undefined && node.bootId !== '' && report.bootId !== node.bootId
  const known = restarted ? afterRestart(node.findings) : node.findings
  const { findings, newFindings } = merge(known, report, now)
  const faults = findings.filter(asksForDrain)
  const fatal = faults.some((finding) => finding.fatal)
  const bad = faults.length > 0 && (report.complete || newFindings.some(asksForDrain))
  const badReports = bad ? node.badReports + 1 : report.complete ? 0 : node.badReports
  const act = fatal || (faults.length > 0 && badReports >= policy.unhealthyThreshold)
  return {
    findings,
    newFindings,
    ...healthOf(node, report, findings, act),
    badReports,
    decision: act ? (policy.autoReplace ? 'drain-and-replace' : 'drain') : 'none',
  }
}

/** What still holds after the node's machine restarted: no event, and conditions until the next complete report. */
export function afterRestart(findings: readonly ActiveFinding[]): ActiveFinding[] {
  return findings.filter((finding) => !isEvent(finding))
}

/** Whether a finding asks that the node takes no new work. */
export function asksForDrain(finding: Finding): boolean {
  return finding.class === 'drain-reset' || finding.class === 'drain-reboot' || finding.class === 'drain-replace'
}

/** Order by gravity, the gravest first; fatal before the rest, then the latest. */
function compareFindings(a: ActiveFinding, b: ActiveFinding): number {
  const gravity = findingClasses.indexOf(b.class) - findingClasses.indexOf(a.class)
  return Number(b.fatal) - Number(a.fatal) || gravity || b.lastSeenAt - a.lastSeenAt || (a.id < b.id ? -1 : 1)
}

function healthOf(
  node: AssessedNode,
  report: HealthReport,
  findings: readonly ActiveFinding[],
  act: boolean,
): Pick<Assessment, 'health' | 'healthReason'> {
  const gravest = findings.find((finding) => finding.class !== 'informational' && finding.class !== 'application')
  if (gravest) return { health: act ? 'unhealthy' : 'degraded', healthReason: gravest.message }
  // News of one event says nothing about the rest: only a complete report makes a node healthy.
  if (report.complete || node.health === 'healthy') return { health: 'healthy', healthReason: '' }
  return { health: 'unknown', healthReason: 'no complete health report since' }
}

function merge(
  known: readonly ActiveFinding[],
  report: HealthReport,
  now: number,
): { findings: ActiveFinding[]; newFindings: Finding[] } {
  const active = new Map(known.map((finding) => [keyOf(finding), finding]))
  const repeated = new Set<string>()
  const newFindings: Finding[] = []
  for (const finding of report.findings) {
    const key = keyOf(finding)
    const before = active.get(key)
    repeated.add(key)
    if (before && isEvent(finding) && isSeen(before, finding)) continue
    if (!before || isEvent(finding)) newFindings.push(finding)
    if (before) active.set(key, again(before, finding))
    else active.set(key, { ...finding, count: 1, lastSeenAt: finding.at })
    if (finding.code === 'recovery-action-none') resolve(active, finding)
  }
  const findings = [...active.values()].filter((finding) => {
    if (isEvent(finding)) return asksForDrain(finding) || now - finding.lastSeenAt < eventMemoryMs
    return !report.complete || repeated.has(keyOf(finding))
  })
  return { findings: findings.sort(compareFindings), newFindings }
}

/** A finding's later occurrence: the newest words, the gravest class, the first time. */
function again(before: ActiveFinding, finding: Finding): ActiveFinding {
  const softer = isEvent(finding) && findingClasses.indexOf(finding.class) < findingClasses.indexOf(before.class)
  return {
    ...finding,
    ...(softer && { class: before.class }),
    fatal: finding.fatal || (isEvent(finding) && before.fatal),
    at: Math.min(before.at, finding.at),
    lastSeenAt: Math.max(before.lastSeenAt, finding.at),
    count: before.count + 1,
  }
}

/** An agent that was cut off sends its last events again. Kernel-log lines of one kind come in the order of time. */
function isSeen(before: ActiveFinding, finding: Finding): boolean {
  return finding.id === before.id || finding.at < before.lastSeenAt
}

/** The driver says that a GPU needs nothing more: what asked for its reset or a reboot before is over. */
function resolve(active: Map<string, ActiveFinding>, clear: Finding): void {
  for (const [key, finding] of active) {
    const sameGpu = gpuOf(finding) !== '' && gpuOf(finding) === gpuOf(clear)
    const resettable = finding.class === 'reset-idle' || (asksForDrain(finding) && finding.class !== 'drain-replace')
    if (sameGpu && resettable && finding.lastSeenAt <= clear.at) active.delete(key)
  }
}

function isEvent(finding: Finding): boolean {
  return finding.source === 'kernel-log' || finding.xid !== undefined
}

function keyOf(finding: Finding): string {
  return `${isEvent(finding) ? 'event' : 'condition'} ${finding.code} ${gpuOf(finding)}`
}

function gpuOf(finding: Finding): string {
  return finding.gpuUuid ?? finding.pciBusId ?? (finding.gpuIndex === undefined ? '' : `#${finding.gpuIndex}`)
}
