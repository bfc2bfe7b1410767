import type { FleetNodeJson, OverviewJson } from '@navarch/api/views'
import type { Operation } from '@navarch/core/operation/operation'
import { countFleet } from '@navarch/core/overview/count-fleet'
import { estimateReturn } from '@navarch/core/overview/estimate-return'
import { overviewWords, type TroubledNode } from '@navarch/core/overview/overview-words'
import { todoOf } from '@navarch/core/overview/todo'
import { summarizeQueue } from '@navarch/core/queue/pending-words'
import { hasAllocation } from '@navarch/slurm/job-state'
import { isSchedulable } from '@navarch/slurm/node-state'
import type { SlurmSnapshot } from '@navarch/slurm/snapshot'
import { lastEnd } from './last-end.ts'
import { perSnapshot } from './per-snapshot.ts'
import type { ViewContext } from './view-context.ts'

const serving: ReadonlySet<FleetNodeJson['state']> = new Set(['busy', 'mixed', 'idle', 'reserved'])

/** The first page: is anything wrong, and must a person act? */
export async function overviewOf(context: ViewContext): Promise<OverviewJson> {
  const { fleet, clock } = context
  const now = clock.now()
  await context.upToDate()
  const rows = [...context.rows.rows().values()].map((row) => row.json)
  const sight = context.sight()
  const snapshot = sight.state === 'fresh' ? sight.snapshot : undefined
  const counts = countFleet(
    rows.map(({ state, gpus, gpus_used }) => ({ state, gpus, ...(gpus_used !== null && { gpusUsed: gpus_used }) })),
  )
  const troubled = rows.flatMap((row) =>
    troubledNode(row, fleet.operations.get(row.operation), context, snapshot !== undefined, now),
  )
  const open = [...fleet.operations.values()]
  const toApprove = open.filter(context.awaitsApproval)
  const proposed = new Set(toApprove.map((operation) => operation.node))
  const alerts = context.alerts()
  const todo = todoOf({
    toApprove,
    slurmProblem: context.slurmFailed() ? sight.problem : undefined,
    troubled: troubled.filter(({ id }) => !proposed.has(id)),
    faulty: rows
      .filter(
        (row) => serving.has(row.state) && row.health === 'unhealthy' && row.operation === '' && !proposed.has(row.id),
      )
      .map(({ id, reason }) => ({ id, reason })),
    pools: await context.poolProblems(),
    alerts: alerts.todo,
  })
  const words = overviewWords({
    counts,
    healthy: rows.filter((row) => row.health === 'healthy').length,
    unheard: rows.filter((row) => serving.has(row.state) && row.health === 'unknown').length,
    troubled,
    adding: rows.filter((row) => row.state === 'powering' && isAdded(fleet.operations.get(row.operation))).length,
    slurmProblem: sight.state === 'stale' ? sight.problem : undefined,
    todo,
  })
  return {
    ...words,
    todo: todo.map((item) => ({ ...item, operation: item.operation || null, alert: item.alert || null })),
    nodes: counts.nodes,
    gpus: counts.gpus,
    ...(snapshot ? countsOf(snapshot) : { cpus: null, queue: null, jobs_running: null }),
    throughput: snapshot
      ? [...context.completions.byPartition(now)].map(([partition, completed]) => ({ partition, completed }))
      : null,
    alerts: { critical: alerts.critical, warning: alerts.warning, info: alerts.info },
    operations: {
      running: open.filter((operation) => operation.state === 'running').length,
      waiting: open.filter((operation) => operation.state === 'waiting').length,
      failed: await context.failedOperations(),
      to_approve: toApprove.map((operation) => operation.id),
    },
    freshness: context.freshness(),
  }
}

/** What a look at every node and job of Slurm takes. */
const countsOf = perSnapshot((snapshot): Pick<OverviewJson, 'cpus' | 'queue' | 'jobs_running'> => {
  const { pending, byReason } = summarizeQueue(snapshot.jobs)
  return {
    cpus: countCpus(snapshot),
    queue: { pending, by_reason: byReason },
    jobs_running: snapshot.jobs.filter((job) => hasAllocation(job.state)).length,
  }
})

function isAdded(operation: Operation | undefined): boolean {
  return operation?.kind === 'provision'
}

function troubledNode(
  { id, state, owner, reason }: FleetNodeJson,
  operation: Operation | undefined,
  { rows, returnTimes }: ViewContext,
  isFresh: boolean,
  now: number,
): TroubledNode[] {
  const mending = operation?.kind === 'replace' || operation?.kind === 'uncordon'
  // One that is given up, or made anew, is as it should be.
  if (operation?.kind === 'scale-down' || operation?.kind === 'provision') return []
  if (state === 'busy' || state === 'mixed' || state === 'idle' || state === 'reserved') return []
  if (state === 'powering' && !mending) return []
  const end = isFresh ? lastEnd(rows.jobsOn(id)) : undefined
  const jobsEndMs = end === undefined ? (state === 'draining' ? undefined : 0) : end - now
  const backInMs = operation && estimateReturn(operation, jobsEndMs, returnTimes.afterJobsMs(operation.pool), now)
  return [{ id, state, owner, reason, mending, ...(backInMs !== undefined && { backInMs }) }]
}

/** As `sinfo -o %C` counts them. */
function countCpus({ nodes }: SlurmSnapshot): NonNullable<OverviewJson['cpus']> {
  const cpus = { total: 0, allocated: 0, idle: 0, other: 0 }
  for (const { state, cpus: total, cpusEffective, cpusAllocated } of nodes) {
    if (state.base === 'FUTURE') continue
    const count = cpusEffective ?? total
    cpus.total += count
    cpus.allocated += cpusAllocated
    if (isSchedulable(state)) cpus.idle += count - cpusAllocated
    else cpus.other += count - cpusAllocated
  }
  return cpus
}
