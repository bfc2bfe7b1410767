import type { PendingJobJson, QueueJson } from '@navarch/api/views'
import { counted, isAre } from '@navarch/core/count-words'
import { labelOf } from '@navarch/core/demand/count-demand'
import {
  gpusAsked,
  pendingKind,
  pendingWords,
  reasonText,
  summarizeQueue,
  tasksOf,
} from '@navarch/core/queue/pending-words'
import type { JobRecord } from '@navarch/slurm/job-record'
import type { PoolView } from '../../reconcile/pool-view.ts'
import { time } from '../render.ts'
import type { ViewContext } from './view-context.ts'
import type { QueueFilter } from './view-service.ts'

/** Jobs of one answer. */
const mostJobs = 500

/** The pending jobs in the order in which Slurm looks at them, each with why it waits. */
export async function queueOf(
  context: Pick<ViewContext, 'clock' | 'sight' | 'freshness' | 'poolViews' | 'fleet' | 'awaitsApproval'>,
  filter: QueueFilter,
): Promise<QueueJson> {
  const now = context.clock.now()
  const { snapshot } = context.sight()
  const freshness = context.freshness()
  if (!snapshot || freshness.slurm_problem !== null) return { summary: null, jobs: [], total: null, freshness }
  const pending = snapshot.jobs.filter((job) => job.state === 'PENDING' && isMeant(job, filter))
  const { pending: count, byReason } = summarizeQueue(pending)
  const pools = poolsByPartition(await context.poolViews())
  const asking = new Set(
    [...context.fleet.operations.values()].filter(context.awaitsApproval).map((operation) => operation.pool),
  )
  return {
    summary: { pending: count, by_reason: byReason },
    jobs: pending
      .toSorted((a, b) => b.priority - a.priority || a.id - b.id)
      .slice(0, mostJobs)
      .map((job) => pendingJob(job, pools, asking, now)),
    total: pending.length,
    freshness,
  }
}

function isMeant(job: JobRecord, { partition, user, account, reason }: QueueFilter): boolean {
  if (partition !== undefined && !job.partitions.includes(partition)) return false
  if (user !== undefined && job.user !== user) return false
  if (account !== undefined && job.account !== account) return false
  return reason === undefined || job.reason.code === reason || pendingKind(job) === reason
}

function poolsByPartition(views: ReadonlyMap<string, PoolView>): Map<string, PoolView> {
  const found = new Map<string, PoolView>()
  for (const view of views.values()) {
    if (view.partition?.kind === 'found') found.set(view.partition.partition.name, view)
  }
  return found
}

function pendingJob(
  job: JobRecord,
  pools: ReadonlyMap<string, PoolView>,
  asking: ReadonlySet<string>,
  now: number,
): PendingJobJson {
  const { kind, why, remedy } = pendingWords(job, now)
  const view = job.partitions.map((name) => pools.get(name)).find((found) => found !== undefined)
  return {
    id: labelOf(job),
    name: job.name,
    user: job.user,
    account: job.account ?? '',
    partition: job.partitions.join(','),
    qos: job.qos ?? '',
    priority: job.priority,
    tasks: tasksOf(job),
    nodes: job.request.nodesMin,
    gpus: gpusAsked(job),
    cpus: job.request.cpus,
    time_limit_seconds: typeof job.timeLimit === 'number' ? Math.round(job.timeLimit / 1000) : null,
    unlimited: job.timeLimit === 'unlimited',
    submitted_at: job.submitTime === undefined ? null : time(job.submitTime),
    waiting_seconds: job.submitTime === undefined ? null : Math.max(0, Math.round((now - job.submitTime) / 1000)),
    reason: reasonText(job),
    kind,
    why,
    remedy,
    expected_start: job.startTime === undefined || job.startTime < now ? null : time(job.startTime),
    pool: view?.pool.name ?? '',
    pool_note: view ? poolNote(job, view, asking.has(view.pool.name)) : '',
  }
}

/** Whether the partition's pool grows for the job, and what it waits for. @param asks whether it waits for a person's approval */
function poolNote(job: JobRecord, { pool, demand, decision, members, slurmProblem }: PoolView, asks: boolean): string {
  if (slurmProblem !== undefined) return `Pool ${pool.name} keeps its size: ${slurmProblem}.`
  if (!pool.autoscaler) return `Pool ${pool.name} has a fixed size of ${decision.wanted}.`
  const told = demand?.jobs.find((each) => each.jobId === job.id)
  if (told && told.copies === 0) return `Pool ${pool.name} does not grow for it: it ${told.why}.`
  if (pool.mode === 'observe')
    return `Pool ${pool.name} only observes: it would have ${counted(decision.wanted, 'node')}.`
  if (asks) return `Pool ${pool.name} would grow: a person must approve it first.`
  const coming = members.filter((member) => member.service === 'coming').length
  if (coming > 0) return `Pool ${pool.name} grows: ${counted(coming, 'node')} ${isAre(coming)} coming.`
  if (decision.blockedReason !== undefined) return `Pool ${pool.name} cannot grow now: ${decision.blockedReason}.`
  return `Pool ${pool.name} counts it, and wants ${counted(decision.wanted, 'node')}.`
}
