import type { JobRecord } from '@navarch/slurm/job-record'
import { isLimitReason, unavailableNodes } from '@navarch/slurm/pending-reason'
import { spanText } from '../count-words.ts'
import { limitWords } from './limit-words.ts'
import { type QueueReasonKind, queueReasonKinds, type ReasonWords, reasonTable } from './reason-table.ts'

/** What is told of a job that waits: its record, or as much of one as is known. */
export type WaitingJob = Pick<JobRecord, 'reason'> &
  Partial<Pick<JobRecord, 'dependency' | 'eligibleTime' | 'reservation' | 'array'>> & {
    id: number | string
    request?: Pick<JobRecord['request'], 'licenses'>
  }

/** Why a pending job waits and what would make it start. A reason that nobody knows is shown as it is. */
export function pendingWords(job: WaitingJob, now: number): ReasonWords {
  const known = wordsOf(job)
  if (!known) {
    return {
      kind: 'other',
      why: `Slurm says "${reasonText(job)}".`,
      remedy: `See scontrol show job ${job.id}.`,
    }
  }
  return { ...known, why: withFacts(known.why, job, now), remedy: known.remedy.replaceAll('ID', String(job.id)) }
}

/** What keeps a pending job waiting, roughly: cheap enough to be asked of every job of a look. */
export function pendingKind(job: Pick<JobRecord, 'reason'>): QueueReasonKind {
  return wordsOf(job)?.kind ?? 'other'
}

function wordsOf({ reason: { code } }: Pick<JobRecord, 'reason'>): ReasonWords | undefined {
  if (Object.hasOwn(reasonTable, code)) return reasonTable[code]
  return isLimitReason(code) ? limitWords(code) : undefined
}

/** Adds what this job's own record tells. */
function withFacts(why: string, job: WaitingJob, now: number): string {
  const { code, detail } = job.reason
  const end = (fact: string) => `${why.replace(/\.$/, '')}: ${fact}.`
  switch (code) {
    case 'ReqNodeNotAvail': {
      const nodes = unavailableNodes(job.reason)
      return nodes ? end(nodes) : detail ? end(detail) : why
    }
    case 'Dependency':
    case 'DependencyNeverSatisfied':
      return job.dependency ? end(job.dependency) : why
    case 'BeginTime': {
      const { eligibleTime } = job
      return eligibleTime !== undefined && eligibleTime > now ? end(`in ${spanText(eligibleTime - now)}`) : why
    }
    case 'Licenses':
      return job.request?.licenses ? end(job.request.licenses) : why
    case 'Reservation':
    case 'ReservationDeleted':
    case 'ReservationInvalid':
      return job.reservation ? end(job.reservation) : why
    case 'JobArrayTaskLimit':
      return job.array?.limit === undefined ? why : end(`${job.array.limit}`)
    default:
      return why
  }
}

/** Words of ours for reasons that Slurm prints as sentences. */
const sentences: ReadonlySet<string> = new Set([
  'NodesNotAvailable',
  'LaunchFailedHeld',
  'UserEnvFailedHeld',
  'RequeuedHeld',
  'Other',
])

/** The reason as Slurm says it. */
export function reasonText({ reason: { code, detail } }: Pick<JobRecord, 'reason'>): string {
  if (detail === undefined) return code
  return sentences.has(code) ? detail : `${code}, ${detail}`
}

/** Tasks that a pending record stands for. */
export function tasksOf(job: JobRecord): number {
  return job.array?.count ?? 1
}

export interface QueueSummary {
  /** Tasks of an array count each. */
  pending: number
  /** Kinds that have jobs, in a fixed order; their numbers sum up to `pending`. */
  byReason: { kind: QueueReasonKind; label: string; jobs: number }[]
}

const labels: Record<QueueReasonKind, string> = {
  resources: 'wait for resources',
  priority: 'by priority',
  dependency: 'dependency',
  limit: 'at a limit',
  'begin-time': 'wait for a time',
  held: 'held',
  starting: 'starting',
  stuck: 'cannot start',
  other: 'other',
}

/** The queue in one bar. @param jobs of any state; those that do not wait are left out */
export function summarizeQueue(jobs: readonly JobRecord[]): QueueSummary {
  const counts = new Map<QueueReasonKind, number>()
  let pending = 0
  for (const job of jobs) {
    if (job.state !== 'PENDING') continue
    const kind = pendingKind(job)
    counts.set(kind, (counts.get(kind) ?? 0) + tasksOf(job))
    pending += tasksOf(job)
  }
  const byReason = queueReasonKinds.flatMap((kind) => {
    const jobsOfKind = counts.get(kind)
    return jobsOfKind === undefined ? [] : [{ kind, label: labels[kind], jobs: jobsOfKind }]
  })
  return { pending, byReason }
}

/** GPUs that a job asks for in all. */
export function gpusAsked({ request, tres }: JobRecord): number {
  const sum = (list: JobRecord['request']['gresPerJob']) =>
    list.filter((gres) => gres.name === 'gpu').reduce((total, gres) => total + gres.count, 0)
  const perNode = Math.max(sum(request.gresPerNode), sum(request.gresPerSocket)) * request.nodesMin
  return Math.max(
    tres['gres/gpu'] ?? 0,
    sum(request.gresPerJob),
    perNode,
    sum(request.gresPerTask) * (request.tasks ?? 1),
  )
}
