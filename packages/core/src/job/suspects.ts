import type { Finding } from '../health/finding.ts'
import { usageByNode } from './efficiency.ts'
import type { JobGpu } from './job-event.ts'
import { type Confidence, confidences, type NodeStateSeen, type ReportInput } from './job-report.ts'
import { clockText, spanText, timeText } from './phrases.ts'
import type { JobView } from './view-job.ts'

/** Something that happened on a run's nodes and may have ended it. */
export interface Suspect {
  kind: 'hardware' | 'program'
  confidence: Confidence
  node: string
  gpuUuid?: string
  /** "GPU 3"; undefined where it concerns the whole node. */
  gpu?: string
  /** "XID 79 (GPU has fallen off the bus)". */
  what: string
  /** ms; undefined where Slurm did not say when. */
  at?: number
  /** "our hardware", "our NVLink fabric", "our hardware or network". */
  whose: string
  source: string
}

/** Clocks of two machines differ, and Slurm's times are whole seconds. */
const clockSlackMs = 5_000
/** A program whose GPU fails dies in its next call of it: mostly within seconds. */
const atOnceMs = 60_000
/** Collectives give up on a lost peer after 10 minutes (NCCL's watchdog in PyTorch) or 30 (Gloo, MPI launchers). */
const soonMs = 30 * 60_000
/** Readings come at intervals: a fault may be seen after what it did. */
const lateMs = 5 * 60_000
/** A node that was faulty shortly before the start had perhaps not been drained yet. */
const beforeStartMs = 10 * 60_000
/** SlurmdTimeout is 300 s by default, so a node that died is called down late. */
const nodeDownLateMs = 10 * 60_000

/** Faults that slow a GPU or wait for a reset, and end no program. */
const mild = new Set([
  'thermal-slowdown',
  'row-remap-pending',
  'retired-pages-pending',
  'xid-63',
  'nvidia-smi-failed',
  'nvidia-smi-missing',
])
/** What our table files under the program, since no drain is needed, although the GPU's memory failed. Source: NVIDIA Xid Catalog, 94. */
const contained = new Set(['xid-94'])
/** Follows from any death of a program that used a GPU, also from being killed. Source: NVIDIA Xid Catalog, 43 and 45. */
const aftermath = new Set(['xid-43', 'xid-45'])
const nvlinkXids = new Set([74, 136, 137, 144, 145, 146, 147, 148, 149, 150, 155])

/**
 * What may have ended a run, the strongest first, and of equals the earliest.
 *
 * | how sure | hardware | program |
 * |---|---|---|
 * | certain | asks for a drain, on a GPU that is the job's, in the last minute | |
 * | likely | in the last 30 minutes, or a fatal one at any time of the run | in the last minute |
 * | possible | at any other time of the run, up to 5 minutes after it, or a fatal one up to 10 minutes before | in the last 30 minutes |
 *
 * What slows a GPU only, and XID 43 and 45, which follow from any death, are never more than possible. Where nobody knows which
 * GPUs the job had, nothing is certain; where nobody knows that it had any, nothing is likely. A fault of a GPU that was not the job's is no suspect at all. A node that Slurm calls down
 * is likely.
 */
export function suspectsOf(input: ReportInput): Suspect[] {
  const { view, findings, nodeStates, now } = input
  const usage = usageByNode(input)
  const gpusOn = (node: string): JobsGpu[] => [
    ...view.gpus.filter((gpu) => gpu.node === node),
    ...(usage[node]?.gpus ?? []),
  ]
  const end = view.endTime ?? now
  const start = view.startTime ?? end
  const found = findings.flatMap((finding) => {
    const suspect = suspectOf(finding, view, gpusOn(finding.node), start, end)
    return suspect ? [suspect] : []
  })
  const down = nodeStates.flatMap((seen) => {
    const suspect = downSuspect(seen, view, start, end)
    return suspect ? [suspect] : []
  })
  return [...found, ...down].sort(
    (a, b) =>
      confidences.indexOf(b.confidence) - confidences.indexOf(a.confidence) || (a.at ?? Infinity) - (b.at ?? Infinity),
  )
}

/** "XID 79 (…) on GPU 3 at 14:02:11 UTC, 4 s before the job ended"; of a job that has not ended, with the day. */
export function happening({ what, gpu, at, node }: Suspect, end: number | undefined, place = false): string {
  const where = `${gpu ? ` on ${gpu}` : ''}${place ? ` of ${node}` : ''}`
  if (at === undefined) return `${what}${where}`
  const apart = end === undefined ? undefined : end - at
  const when =
    apart === undefined
      ? ''
      : Math.abs(apart) < 1000
        ? ', as the job ended'
        : apart > 0
          ? `, ${spanText(apart)} before the job ended`
          : `, ${spanText(-apart)} after the job ended`
  return `${what}${where} at ${end === undefined ? timeText(at) : clockText(at)}${when}`
}

/** A GPU that the job has, by its start or by what was measured. */
type JobsGpu = Pick<JobGpu, 'uuid' | 'index' | 'parentUuid'>

function suspectOf(
  finding: Finding,
  view: JobView,
  gpus: readonly JobsGpu[],
  start: number,
  end: number,
): Suspect | undefined {
  const kind = kindOf(finding)
  const surest = kind && concerns(finding, view, gpus)
  if (!kind || !surest) return undefined
  const fatal = finding.fatal || finding.class === 'drain-replace'
  const byTime =
    kind === 'hardware' ? hardwareByTime(finding.at, fatal, start, end) : programByTime(finding.at, start, end)
  if (byTime === undefined) return undefined
  const caps: Confidence[] = [
    surest,
    mild.has(finding.code) || aftermath.has(finding.code) ? 'possible' : 'certain',
    finding.class === 'reset-idle' ? 'likely' : 'certain',
  ]
  const gpu = gpuName(finding, gpus)
  const fabric = /^(sxid|fabric)/.test(finding.code) || nvlinkXids.has(finding.xid ?? 0)
  return {
    kind,
    confidence: caps.reduce(weaker, byTime),
    node: finding.node,
    ...(finding.gpuUuid !== undefined && { gpuUuid: finding.gpuUuid }),
    ...(gpu !== undefined && { gpu }),
    what: finding.message.replace(/^((?:XID|SXid) \d+): (.+)$/, '$1 ($2)'),
    at: finding.at,
    whose: fabric ? 'our NVLink fabric' : 'our hardware',
    source: finding.source,
  }
}

function kindOf({ class: kind, code, xid }: Finding): Suspect['kind'] | undefined {
  if (contained.has(code)) return 'hardware'
  if (kind === 'application' || xid === 45) return 'program'
  return kind === 'informational' || kind === 'watch' ? undefined : 'hardware'
}

/** How sure it can be at most that a finding is about something that the run had; undefined: it is not. */
function concerns(
  { node, gpuUuid, gpuIndex }: Finding,
  view: JobView,
  gpus: readonly JobsGpu[],
): Confidence | undefined {
  if (!view.nodes.includes(node)) return undefined
  if (view.gpuVendor === 'none' || view.allocated.gpus === 0) return undefined
  const unknown = view.allocated.gpus === undefined && view.gpus.length === 0 ? 'possible' : 'likely'
  if (gpus.length === 0) return unknown
  if (gpuUuid !== undefined) {
    const same = gpus.some((gpu) => gpu.uuid === gpuUuid || gpu.parentUuid === gpuUuid)
    return same ? 'certain' : undefined
  }
  if (gpuIndex === undefined) return 'certain'
  const indexes = gpus.flatMap(({ index }) => (index === undefined ? [] : [index]))
  if (indexes.length === 0) return 'likely'
  return indexes.includes(gpuIndex) ? 'certain' : undefined
}

function hardwareByTime(at: number, fatal: boolean, start: number, end: number): Confidence | undefined {
  if (at > end + clockSlackMs) return at <= end + lateMs ? 'possible' : undefined
  if (at < start - clockSlackMs) return fatal && at >= start - beforeStartMs ? 'possible' : undefined
  if (end - at <= atOnceMs) return 'certain'
  return fatal || end - at <= soonMs ? 'likely' : 'possible'
}

function programByTime(at: number, start: number, end: number): Confidence | undefined {
  if (at > end + clockSlackMs || at < start - clockSlackMs) return undefined
  if (end - at <= atOnceMs) return 'likely'
  return end - at <= soonMs ? 'possible' : undefined
}

function downSuspect(seen: NodeStateSeen, view: JobView, start: number, end: number): Suspect | undefined {
  const { node, state, reason, at } = seen
  if (!view.nodes.includes(node) || !isDown(state)) return undefined
  if (at !== undefined && (at < start - clockSlackMs || at > end + nodeDownLateMs)) return undefined
  return {
    kind: 'hardware',
    confidence: at === undefined ? 'possible' : 'likely',
    node,
    what: `Slurm called ${node} ${state}${reason ? ` (${reason})` : ''}`,
    ...(at !== undefined && { at }),
    whose: 'our hardware or network',
    source: 'slurm',
  }
}

/** DOWN, FAIL and "does not answer"; not what people drain. "*" is Slurm's short form of not responding. */
function isDown(state: string): boolean {
  return /\b(DOWN|FAIL|FAILING|NOT_RESPONDING|NO_RESPOND)\b/.test(state) || state.endsWith('*')
}

function gpuName({ gpuUuid, gpuIndex }: Finding, gpus: readonly JobsGpu[]): string | undefined {
  const index = gpuIndex ?? gpus.find((gpu) => gpu.uuid === gpuUuid && gpu.index !== undefined)?.index
  return index === undefined ? gpuUuid : `GPU ${index}`
}

function weaker(a: Confidence, b: Confidence): Confidence {
  return confidences.indexOf(a) <= confidences.indexOf(b) ? a : b
}
