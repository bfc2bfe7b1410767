import { withoutUndefined } from '@navarch/slurm/fields'
import { expandHostlist } from '@navarch/slurm/hostlist'
import { runId } from './identity.ts'
import type { FinishFacts, JobDoc, StartFacts, WholeFacts } from './job-doc.ts'
import type { ExitStatus, JobGpu, JobGroup, JobResources, JobState, SlurmJobFacts } from './job-event.ts'
import type { NodeUsage } from './node-usage.ts'
import { isFinalRecord, isFinalState, stateOfRecord } from './slurm-word.ts'

/** What follows from all that was said of one run. Times are ms since the epoch. */
export interface JobView {
  cluster: string
  jobId: string
  restart: number
  /** Unique among all runs of all clusters' jobs of this id: "812-r1". */
  runId: string
  sluid?: string
  state: JobState
  /** Slurm's word where it is known, else the word that the exit status makes likely; e.g. "TIMEOUT". */
  rawState: string
  /** Whether Slurm itself has said how the job ended. */
  confirmed: boolean
  stateReason?: string
  /** A user's name or id, where Slurm's accounting told. */
  cancelledBy?: string
  user: string
  name?: string
  account?: string
  partition?: string
  qos?: string
  group?: JobGroup
  /** Expanded, in Slurm's order. */
  nodes: readonly string[]
  /** Nodes whose end nobody has told yet, while the job runs. */
  nodesRunning: readonly string[]
  submitTime?: number
  /** Before it Slurm does not start the run. */
  eligibleTime?: number
  /** What the run waits for, while it does, in Slurm's words as they were last told: "afterok:811(unfulfilled)". */
  dependency?: string
  startTime?: number
  endTime?: number
  timeLimitMinutes?: number
  priority?: number
  exit?: ExitStatus
  /** By node, of those whose hooks or agents told. */
  exits: Readonly<Record<string, ExitStatus>>
  requested: JobResources
  allocated: JobResources
  gpus: readonly (JobGpu & { node: string })[]
  gpuVendor: 'none' | 'nvidia' | 'amd' | 'mixed' | 'unknown'
  cgroupPaths: Readonly<Record<string, string>>
  /** By node, of those that have ended. */
  usage: Readonly<Record<string, NodeUsage>>
  /** What accounting measured of the whole job. */
  accounted?: NonNullable<SlurmJobFacts['accounted']>
  workDir?: string
  stdout?: string
  /** What a client of the API set by hand. */
  set: { cpuUsage?: number; memoryUsageMb?: number; gpuUsage?: number }
  schedulerType: 'mock' | 'slurm'
  extra: Readonly<Record<string, unknown>>
  /** How the job came to be known. */
  ingestVersion: 'prolog-v1' | 'api-v1'
}

/**
 * Derives a run's state, times and resources. What a sender called the state is never believed; the first of these that is known
 * counts:
 *
 * | | state | end |
 * |---|---|---|
 * | 1 | Slurm's word about the end | Slurm's end time |
 * | 2 | a later run exists: cancelled, REQUEUED | the latest end that was told, else the first sign of that run |
 * | 3 | the exit status, when the last node (or the job as a whole) has ended | the latest end that was told |
 * | 4 | what a client of the API set | when it did |
 * | 5 | running when a start was told or Slurm says so, else pending | |
 *
 * The start is Slurm's, else the earliest that was told.
 */
export function viewJob(doc: JobDoc): JobView {
  const { slurm, told, ends, end, outline } = basicsOf(doc)
  const starts = Object.entries(doc.started)
  const created = doc.created
  return withoutUndefined<JobView>({
    cluster: doc.cluster,
    jobId: doc.jobId,
    restart: doc.restart,
    runId: runId(doc),
    sluid: doc.sluid,
    ...end,
    ...outline,
    cancelledBy: end.state === 'cancelled' ? slurm.cancelledBy : undefined,
    name: slurm.name ?? told.name,
    qos: slurm.qos ?? told.qos ?? created?.facts?.qos,
    nodesRunning: isFinalState(end.state) ? [] : ends.missing,
    submitTime: slurm.submitTime ?? created?.facts?.submitTime,
    eligibleTime: slurm.eligibleTime,
    dependency: end.state === 'pending' ? doc.slurm?.dependency : undefined,
    timeLimitMinutes: slurm.timeLimitMinutes ?? created?.facts?.timeLimitMinutes,
    priority: slurm.priority ?? created?.facts?.priority,
    exits: ends.exits,
    requested: slurm.requested ?? {},
    allocated: slurm.allocated ?? allocatedOf(doc),
    gpus: starts.flatMap(([node, facts]) => (facts.gpus ?? []).map((gpu) => ({ ...gpu, node }))),
    gpuVendor: vendorOf(starts.map(([, facts]) => facts)),
    cgroupPaths: Object.fromEntries(
      starts.flatMap(([node, { cgroupPath }]) => (cgroupPath ? [[node, cgroupPath] as const] : [])),
    ),
    usage: Object.fromEntries(
      Object.entries(ownEnds(doc)).flatMap(([node, { usage }]) => (usage ? [[node, usage] as const] : [])),
    ),
    accounted: slurm.accounted,
    workDir: slurm.workDir ?? told.workDir,
    stdout: slurm.stdout,
    set: setByHand(doc),
    schedulerType: created?.schedulerType ?? 'slurm',
    extra: created?.extra ?? {},
    ingestVersion: created && starts.length === 0 && !doc.slurm ? 'api-v1' : 'prolog-v1',
  })
}

/** The part of a run's view that lists are sorted and filtered by. */
export interface JobOutline {
  state: JobState
  user: string
  nodes: readonly string[]
  account: string | undefined
  partition: string | undefined
  group: JobGroup | undefined
  startTime: number | undefined
  endTime: number | undefined
}

/** As `viewJob`, and several times as quick: a store does it for each event. */
export function outlineJob(doc: JobDoc): JobOutline {
  return basicsOf(doc).outline
}

interface Basics {
  slurm: Facts
  told: WholeFacts
  ends: Ends
  end: End
  outline: JobOutline
}

function basicsOf(doc: JobDoc): Basics {
  const { created } = doc
  const slurm: Facts = { ...doc.slurmEver, ...doc.slurm }
  const told = doc.whole ?? {}
  const nodes = nodesOf(doc, slurm, told)
  const ends = endsOf(doc, nodes)
  const end = endOf(doc, ends)
  const startTime =
    slurm.startTime ?? least(Object.values(doc.started).map(({ at }) => at)) ?? created?.facts?.startTime ?? created?.at
  const outline = {
    state: end.state,
    user: slurm.user || told.user || created?.user || '',
    nodes,
    account: slurm.account ?? told.account ?? created?.facts?.account,
    partition: slurm.partition ?? told.partition ?? created?.facts?.partition,
    group: slurm.group ?? told.group,
    startTime: end.state === 'pending' ? undefined : startTime,
    // An end before the start would be two machines' clocks that differ.
    endTime: end.endTime === undefined ? undefined : Math.max(end.endTime, startTime ?? end.endTime),
  }
  return { slurm, told, ends, end, outline }
}

type Facts = Partial<SlurmJobFacts>

function nodesOf(doc: JobDoc, slurm: Facts, told: WholeFacts): readonly string[] {
  if (slurm.nodes) {
    try {
      return expandHostlist(slurm.nodes)
    } catch {
      // A hostlist of a newer Slurm that we cannot read: what the nodes say is left.
    }
  }
  if (told.nodes && told.nodes.length > 0) return told.nodes
  if (doc.created && doc.created.nodes.length > 0) return doc.created.nodes
  return [...new Set([...Object.keys(doc.started), ...Object.keys(ownEnds(doc))])].filter((node) => node !== '').sort()
}

/**
 * The ends of this very run. A requeue is counted before the epilog of the run that it ends has run (seen on 22.05, 24.11 and
 * 26.05), so what ended before this run began was the run before it.
 */
function ownEnds(doc: JobDoc): Readonly<Record<string, FinishFacts>> {
  if (doc.restart === 0) return doc.finished
  const first = least(Object.values(doc.started).map(({ at }) => at))
  const waits = doc.slurm !== undefined && stateOfRecord(doc.slurm) === 'pending'
  const beganAt = first ?? (waits ? Number.POSITIVE_INFINITY : doc.slurm?.startTime)
  if (beganAt === undefined) return doc.finished
  const own = Object.entries(doc.finished).filter(([node, { at }]) => at >= (doc.started[node]?.at ?? beganAt))
  return own.length === Object.keys(doc.finished).length ? doc.finished : Object.fromEntries(own)
}

interface Ends {
  /** Whether nobody's end is missing. */
  all: boolean
  missing: readonly string[]
  exits: Readonly<Record<string, ExitStatus>>
  /** The job's: the one that it was given as a whole, else the worst of its nodes'. */
  exit?: ExitStatus
  latest?: number
}

function endsOf(doc: JobDoc, nodes: readonly string[]): Ends {
  const finished = ownEnds(doc)
  const whole = finished['']
  const missing = whole ? [] : nodes.filter((node) => finished[node] === undefined)
  const exits: Record<string, ExitStatus> = {}
  let worst: ExitStatus | undefined
  let latest: number | undefined
  for (const [node, { at, exit }] of Object.entries(finished)) {
    if (latest === undefined || at > latest) latest = at
    if (!exit || node === '') continue
    exits[node] = exit
    worst = worse(worst, exit)
  }
  const exit = whole?.exit ?? worst
  return {
    all: latest !== undefined && missing.length === 0,
    missing,
    exits,
    ...(exit && { exit }),
    ...(latest !== undefined && { latest }),
  }
}

/** A signal is worse than a status, and Slurm's mark for no memory is the worst. */
function worse(a: ExitStatus | undefined, b: ExitStatus): ExitStatus {
  if (!a) return b
  return b.signal !== a.signal ? (b.signal > a.signal ? b : a) : b.status > a.status ? b : a
}

type End = Pick<JobView, 'state' | 'rawState' | 'confirmed' | 'stateReason' | 'endTime' | 'exit'>

function endOf(doc: JobDoc, ends: Ends): End {
  const { slurm, changed } = doc
  const reason = slurm?.reason && slurm.reason !== 'None' ? { stateReason: slurm.reason } : {}
  if (slurm && isFinalRecord(slurm)) {
    const exit = slurm.exit ?? ends.exit
    const endTime = slurm.endTime ?? ends.latest ?? slurm.at
    return {
      state: stateOfRecord(slurm),
      rawState: slurm.state,
      confirmed: true,
      ...reason,
      ...(exit && { exit }),
      endTime,
    }
  }
  if (doc.supersededAt !== undefined) {
    const endTime = ends.latest ?? doc.supersededAt
    return {
      state: 'cancelled',
      rawState: 'REQUEUED',
      confirmed: false,
      stateReason: 'the job was requeued',
      ...(ends.exit && { exit: ends.exit }),
      endTime,
    }
  }
  if (ends.all)
    return { ...endByExit(ends.exit), confirmed: false, ...(ends.exit && { exit: ends.exit }), ...latest(ends) }
  if (changed?.state !== undefined) {
    const over = isFinalState(changed.state) ? { endTime: changed.at } : {}
    return { state: changed.state, rawState: changed.state.toUpperCase(), confirmed: false, ...over }
  }
  const began = Object.keys(doc.started).length > 0 || Object.keys(ownEnds(doc)).length > 0 || doc.created !== undefined
  const state = slurm && stateOfRecord(slurm) === 'running' ? 'running' : began ? 'running' : 'pending'
  const rawState = slurm && stateOfRecord(slurm) === state ? slurm.state : state.toUpperCase()
  return { state, rawState, confirmed: false, ...reason }
}

function latest({ latest }: Ends): { endTime?: number } {
  return latest === undefined ? {} : { endTime: latest }
}

/** Signal 9 or 15 alone says neither who sent it nor why: the job failed. */
function endByExit(exit: ExitStatus | undefined): Pick<End, 'state' | 'rawState' | 'stateReason'> {
  if (!exit) return { state: 'completed', rawState: 'COMPLETED', stateReason: 'exit status unknown' }
  if (exit.signal === 125 && exit.status === 0)
    return { state: 'failed', rawState: 'OUT_OF_MEMORY', stateReason: 'OutOfMemory' }
  if (exit.signal !== 0) return { state: 'failed', rawState: 'FAILED', stateReason: `signal ${exit.signal}` }
  if (exit.status !== 0) return { state: 'failed', rawState: 'FAILED', stateReason: 'NonZeroExitCode' }
  return { state: 'completed', rawState: 'COMPLETED' }
}

/** Sums of what the nodes told of their parts; what none told is not known. */
function allocatedOf(doc: JobDoc): JobResources {
  const parts = Object.values(doc.started)
  const sum = (values: (number | undefined)[]): number | undefined => {
    const known = values.filter((value) => value !== undefined)
    return known.length === 0 ? undefined : known.reduce((total, value) => total + value, 0)
  }
  const facts = doc.created?.facts?.allocated
  return withoutUndefined<JobResources>({
    cpus: sum(parts.map(({ cpus }) => cpus)) ?? facts?.cpus,
    memoryMb: sum(parts.map(({ memoryMb }) => memoryMb)) ?? facts?.memoryMb,
    gpus: sum(parts.map(({ gpuCount, gpus }) => gpuCount ?? gpus?.length)) ?? facts?.gpus,
  })
}

function vendorOf(parts: readonly StartFacts[]): JobView['gpuVendor'] {
  // Of a GPU that was named late, the prolog could only guess.
  const named = new Set(
    parts.flatMap(({ gpuVendor, gpus = [] }) =>
      gpus.length > 0 ? gpus.map(({ vendor }) => vendor) : gpuVendor ? [gpuVendor] : [],
    ),
  )
  if (named.size === 0) return 'unknown'
  named.delete('none')
  if (named.size === 0) return 'none'
  const [only] = named
  return named.size === 1 && only ? only : 'mixed'
}

function setByHand({ changed }: JobDoc): JobView['set'] {
  if (!changed) return {}
  const { cpuUsage, memoryUsageMb, gpuUsage } = changed
  return withoutUndefined<JobView['set']>({ cpuUsage, memoryUsageMb, gpuUsage })
}

function least(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.min(...values)
}
