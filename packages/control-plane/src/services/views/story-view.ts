import type { NodeStoryJson } from '@navarch/api/views'
import type { ActiveFinding, Finding } from '@navarch/core/health/finding'
import type { Operation } from '@navarch/core/operation/operation'
import { estimateReturn } from '@navarch/core/overview/estimate-return'
import { type FaultSpan, gpuLanes, packLanes, type Span, spansOfTurns, type Turn } from '@navarch/core/story/lanes'
import { nodeSentences } from '@navarch/core/story/node-sentences'
import { doneAbout, nextAbout } from '@navarch/core/story/operation-words'
import { findingWords } from '@navarch/core/story/xid-words'
import type { HistoryEvent } from '../../store/store.ts'
import { time } from '../render.ts'
import { ServiceError } from '../service-error.ts'
import { gpuHistory } from './gpu-history.ts'
import { lastEnd } from './last-end.ts'
import { jobsOfNode, type NodeJob } from './node-jobs.ts'
import type { ViewContext } from './view-context.ts'

/** What is read for one story. */
const mostEvents = 3_000
const mostFindings = 100
const mostJobLanes = 8
/** Before the window, to know how it began, ms. */
const lookBackMs = 30 * 24 * 3_600_000
/** How long a fault of which no end is known is shown, ms. */
const leastFaultMs = 60_000

/** A node's page: what is the case, its faults, and what happened when. */
export async function nodeStoryOf(context: ViewContext, id: string, hours: number): Promise<NodeStoryJson> {
  const { fleet, clock } = context
  await context.upToDate()
  const row = context.rows.rows().get(id)?.json
  if (!row) throw new ServiceError('not_found', `node not found: ${id}`)
  const now = clock.now()
  const from = now - hours * 3_600_000
  const [events, earlier, past, jobs] = await Promise.all([
    fleet.history.eventsOf({ from, to: now, node: id, limit: mostEvents }),
    fleet.history.eventsOf({
      from: from - lookBackMs,
      to: from - 1,
      node: id,
      types: ['node-status', 'node-health'],
      limit: 20,
    }),
    fleet.history.findings(id, mostFindings),
    jobsOfNode(context.jobs, id, from, now),
  ])
  const node = fleet.nodes.get(id)
  const operations = await operationsOf(context, id, events)
  const operation = fleet.operationOf(id) ?? fleet.proposalOf(id)
  const findings = joinFindings(node?.findings ?? [], past, from)
  const turns = turnsOf([...earlier, ...events])
  const health = spansOfTurns(withPresent(turns.health, node?.health, now), from, now)
  const faults = findings.map((finding) => faultSpan(finding, events, from, now))
  const service = spansOfTurns(withPresent(turns.status, node?.status, now), from, now)
  const shown = spansOfTurns(
    context.turns.of(id).map(({ at, state }) => ({ at, state, text: '' })),
    from,
    now,
  )
  const lanes = [
    { lane: 'State', spans: shown },
    { lane: 'Service', spans: service },
    { lane: 'Health', spans: health },
    ...gpuLanes(
      node?.gpus.map((gpu) => gpu.index) ?? [],
      health.filter(({ state }) => state !== 'unknown'),
      faults,
    ),
    ...packLanes(
      'Jobs',
      jobs.map((job) => jobSpan(job, from, now)),
      mostJobLanes,
    ),
    ...packLanes('Operations', operations.map((each) => operationSpan(each, from, now)).filter(isSpan), 3),
  ]
  const gravest = node?.findings[0]
  const words = gravest && findingWords(gravest)
  const { mood, sentences } = nodeSentences({
    id,
    state: row.state,
    owner: row.owner,
    reason: row.reason,
    health: row.health,
    healthReason: node?.healthReason ?? '',
    gpus: row.gpus,
    gpusUsed: row.gpus_used ?? undefined,
    jobs: row.jobs.length,
    users: row.users,
    sinceMs: row.since === null ? undefined : Math.max(0, now - Date.parse(row.since)),
    finding: words && { ...words, gpu: gravest.gpuIndex, count: gravest.count },
    operation,
    backInMs: operation && backInMs(context, operation, now),
  })
  return {
    node: id,
    mood,
    sentences,
    findings: findings.map((finding) => findingStory(finding, operations, operation)),
    from: time(from),
    to: time(now),
    lanes: lanes
      .filter(({ spans }) => spans.length > 0)
      .map(({ lane, spans }) => ({
        lane,
        spans: spans.map((span) => ({ ...span, from: time(span.from), to: time(span.to) })),
      })),
    gpus: node ? node.gpus.map((gpu) => gpuHistory(context, node, gpu, jobs, now)) : [],
    jobs: jobs.map(({ from: start, to: end, uuids: _uuids, ...job }) => ({
      ...job,
      start: time(start),
      end: end === undefined ? null : time(end),
    })),
  }
}

function backInMs({ sight, rows, returnTimes }: ViewContext, operation: Operation, now: number): number | undefined {
  const { state } = sight()
  const jobs = state === 'fresh' ? rows.jobsOn(operation.node) : []
  const end = lastEnd(jobs)
  const known = state !== 'stale' && (jobs.length === 0 || end !== undefined)
  const jobsEndMs = known ? Math.max(0, (end ?? now) - now) : undefined
  return estimateReturn(operation, jobsEndMs, returnTimes.afterJobsMs(operation.pool), now)
}

/** The node's operations that the events name, and the open one. */
async function operationsOf({ fleet }: ViewContext, id: string, events: readonly HistoryEvent[]): Promise<Operation[]> {
  const open = fleet.operationOf(id) ?? fleet.proposalOf(id)
  const ids = new Set(events.map((event) => event.operation).filter((name) => name !== '' && name !== open?.id))
  const found = await Promise.all(
    [...ids].slice(0, 100).map((each) => fleet.operations.get(each) ?? fleet.history.operation(each)),
  )
  return [...(open ? [open] : []), ...found.filter((operation) => operation !== undefined)]
}

interface KnownFinding extends ActiveFinding {
  active: boolean
}

/** Those that hold and those of the past, each once, newest first. */
function joinFindings(active: readonly ActiveFinding[], past: readonly Finding[], from: number): KnownFinding[] {
  const ids = new Set(active.map((finding) => finding.id))
  return [
    ...active.map((finding) => ({ ...finding, active: true })),
    ...past
      .filter((finding) => !ids.has(finding.id) && finding.at >= from)
      .map((finding) => ({ ...finding, count: 1, lastSeenAt: finding.at, active: false })),
  ].sort((a, b) => b.lastSeenAt - a.lastSeenAt)
}

function findingStory(
  finding: KnownFinding,
  operations: readonly Operation[],
  open: Operation | undefined,
): NodeStoryJson['findings'][number] {
  return {
    id: finding.id,
    at: time(finding.at),
    last_seen_at: time(finding.lastSeenAt),
    count: finding.count,
    active: finding.active,
    gpu_index: finding.gpuIndex ?? null,
    gpu_uuid: finding.gpuUuid ?? null,
    ...findingWords(finding),
    evidence: finding.evidence,
    done: doneAbout(finding, operations).map((done) => ({ ...done, at: time(done.at) })),
    next: nextAbout(finding, finding.active, open),
  }
}

/** States by the words with which events begin: "draining: XID 79", "unhealthy: GPU is lost". */
function turnsOf(events: readonly HistoryEvent[]): { status: Turn[]; health: Turn[] } {
  const turns = (type: string) =>
    events
      .filter((event) => event.type === type)
      .map(({ at, message }) => {
        const [, state = '', text = ''] = /^([\w-]+)(?::? (.*))?$/s.exec(message) ?? []
        return { at, state, text }
      })
  return { status: turns('node-status'), health: turns('node-health') }
}

/** What holds now is known, even where its beginning is not: as a point at the end. */
function withPresent(turns: readonly Turn[], state: string | undefined, now: number): Turn[] {
  const last = turns.toSorted((a, b) => a.at - b.at).at(-1)
  if (state === undefined || last?.state === state) return [...turns]
  return [...turns, { at: now - 1, state, text: '' }]
}

/** From a fault's first sight to its end: now while it holds, else the next word that the node is well or new. */
function faultSpan(finding: KnownFinding, events: readonly HistoryEvent[], from: number, now: number): FaultSpan {
  const over = events
    .filter(({ at, type, message }) => {
      if (at <= finding.at) return false
      return (
        type === 'node-registered' ||
        (type === 'node-health' && message.startsWith('healthy')) ||
        (type === 'node-status' && message === 'active')
      )
    })
    .reduce((least, { at }) => Math.min(least, at), Number.POSITIVE_INFINITY)
  const end = finding.active ? now : Number.isFinite(over) ? over : finding.at + leastFaultMs
  return {
    gpu: finding.gpuIndex,
    from: Math.max(from, finding.at),
    to: Math.min(now, end),
    state: finding.class.startsWith('drain-') ? 'unhealthy' : 'degraded',
    text: finding.message,
    link: '',
  }
}

function jobSpan({ id, run_id, user, state, from: start, to: end }: NodeJob, from: number, now: number): Span {
  return {
    from: Math.max(from, start),
    to: Math.min(end ?? now, now),
    state,
    text: `job ${id} of ${user}`,
    link: `/jobs/${encodeURIComponent(run_id)}`,
  }
}

function operationSpan({ id, kind, state, createdAt, updatedAt, reason }: Operation, from: number, now: number): Span {
  const over = state === 'succeeded' || state === 'failed' || state === 'cancelled'
  return {
    from: Math.max(from, createdAt),
    to: Math.min(over ? updatedAt : now, now),
    state,
    text: `${kind}: ${reason}`,
    link: `/operations/${encodeURIComponent(id)}`,
  }
}

function isSpan({ from, to }: Span): boolean {
  return to >= from
}
