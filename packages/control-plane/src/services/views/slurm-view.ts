import type { RpcJson, SlurmViewJson } from '@navarch/api/views'
import { counted, isAre, listed } from '@navarch/core/count-words'
import { namesIn } from '@navarch/core/demand/names-in'
import type { Mood } from '@navarch/core/overview/overview-words'
import { tasksOf } from '@navarch/core/queue/pending-words'
import type { RpcCost } from '@navarch/slurm/diag-record'
import { hasAllocation } from '@navarch/slurm/job-state'
import type { NodeRecord } from '@navarch/slurm/node-record'
import { isSchedulable } from '@navarch/slurm/node-state'
import type { SlurmSnapshot } from '@navarch/slurm/snapshot'
import { time } from '../render.ts'
import { ServiceError } from '../service-error.ts'
import { perSnapshot } from './per-snapshot.ts'
import type { ViewContext } from './view-context.ts'

/** Rows of an RPC table. */
const mostRpcs = 25

/** Slurm itself: its controllers, its load, its partitions, and what we cost it. */
export async function slurmViewOf(context: ViewContext): Promise<SlurmViewJson> {
  const { slurm, clock } = context
  if (!slurm) throw new ServiceError('unavailable', 'there is no Slurm here: set slurm.driver in navarch-config.yaml')
  const now = clock.now()
  const sight = context.sight()
  const { snapshot } = sight
  const [controllers, cluster] = await Promise.all([
    slurm.controllers().then(
      (list) => list.map(({ host, role, up }) => ({ host, role, state: up ? ('up' as const) : ('down' as const) })),
      () => [],
    ),
    slurm.config().then(
      ({ clusterName }) => clusterName,
      () => '',
    ),
  ])
  const up = sight.state === 'fresh' && slurm.view().error === undefined
  const { mood, sentence } = wordsOf(sight.problem, up, controllers, snapshot)
  return {
    cluster,
    version: snapshot?.version.text ?? null,
    up,
    sentence,
    mood,
    controllers,
    freshness: context.freshness(),
    diag: snapshot ? diagOf(snapshot, context.ownUser) : null,
    partitions: snapshot ? partitionsOf(snapshot, context.completions.byPartition(now)) : [],
    costs: (snapshot?.costs ?? []).map(({ command, tookMs, bytes }) => ({ command, ms: Math.round(tookMs), bytes })),
    problems: [
      ...(sight.problem === undefined ? [] : [sight.problem]),
      ...(snapshot?.problems ?? []).map((problem) => `a ${problem.kind} was left out: ${problem.message}`),
    ],
  }
}

function wordsOf(
  problem: string | undefined,
  up: boolean,
  controllers: SlurmViewJson['controllers'],
  snapshot: SlurmSnapshot | undefined,
): { mood: Mood; sentence: string } {
  if (!up) return { mood: problem ? 'act' : 'unknown', sentence: `${problem ?? 'Slurm was not asked yet'}.` }
  const down = controllers.filter(({ state }) => state === 'down')
  const version = snapshot ? `Slurm ${snapshot.version.text}` : 'Slurm'
  const took = snapshot ? ` A look at it takes ${Math.round(snapshot.tookMs)} ms.` : ''
  if (down.length > 0) {
    const names = listed(down.map(({ host, role }) => `${host} (${role})`))
    return { mood: 'act', sentence: `${version} answers, but ${names} ${isAre(down.length)} down.` }
  }
  const threads = snapshot?.diag?.serverThreads ?? 0
  const queue = snapshot?.diag?.agentQueueSize ?? 0
  if (threads >= busyThreads || queue >= busyQueue) {
    return {
      mood: 'act',
      sentence: `${version} is overloaded: ${counted(threads, 'server thread')}, ${counted(queue, 'message')} ${queue === 1 ? 'waits' : 'wait'} to be sent to nodes.`,
    }
  }
  return { mood: 'good', sentence: `${version} is well.${took}` }
}

/** slurmctld has at most 256 server threads: from here on requests soon wait. Source: slurmctld, MAX_SERVER_THREADS. */
const busyThreads = 200
/** Messages to nodes that wait. SchedMD calls a queue that stays above some hundreds a sign of trouble. */
const busyQueue = 1_000

function diagOf({ diag }: SlurmSnapshot, ownUser: string | undefined): SlurmViewJson['diag'] {
  if (!diag) return null
  const total = diag.rpcByUser.reduce((sum, { totalMicroseconds }) => sum + totalMicroseconds, 0)
  const own = diag.rpcByUser.find(({ name }) => name === ownUser)?.totalMicroseconds
  return {
    since: time(diag.since),
    server_threads: diag.serverThreads,
    agent_queue: diag.agentQueueSize,
    dbd_agent_queue: diag.dbdAgentQueueSize,
    last_cycle_ms: msOf(diag.lastCycleMicroseconds),
    mean_cycle_ms: msOf(diag.meanCycleMicroseconds),
    last_backfill_ms: msOf(diag.lastBackfillCycleMicroseconds),
    queue_length: diag.lastQueueLength ?? null,
    jobs: {
      submitted: diag.jobsSubmitted,
      started: diag.jobsStarted,
      completed: diag.jobsCompleted,
      cancelled: diag.jobsCanceled,
      failed: diag.jobsFailed,
    },
    rpc_by_type: diag.rpcByType.map(rpcOf).sort(byTotal).slice(0, mostRpcs),
    rpc_by_user: diag.rpcByUser.map(rpcOf).sort(byTotal).slice(0, mostRpcs),
    own_share_percent: total > 0 && own !== undefined ? Math.round((1000 * own) / total) / 10 : null,
  }
}

function msOf(microseconds: number | undefined): number | null {
  return microseconds === undefined ? null : microseconds / 1000
}

function rpcOf({ name, count, averageMicroseconds, totalMicroseconds }: RpcCost): RpcJson {
  return { name, count, mean_ms: averageMicroseconds / 1000, total_ms: totalMicroseconds / 1000 }
}

function byTotal(a: RpcJson, b: RpcJson): number {
  return b.total_ms - a.total_ms || (a.name < b.name ? -1 : 1)
}

function partitionsOf(snapshot: SlurmSnapshot, completed: ReadonlyMap<string, number>): SlurmViewJson['partitions'] {
  return partitionCounts(snapshot).map((partition) => ({
    ...partition,
    completed_last_hour: completed.get(partition.name) ?? 0,
  }))
}

const partitionCounts = perSnapshot((snapshot) => {
  const jobs = countJobs(snapshot)
  const nodes = new Map(snapshot.nodes.map((node) => [node.name, node]))
  return snapshot.partitions.map(({ name, state, nodes: list }) => {
    const members = namesIn(list).flatMap((node) => nodes.get(node) ?? [])
    const present = members.filter((node) => node.state.base !== 'FUTURE')
    return {
      name,
      state,
      nodes: present.length,
      nodes_idle: present.filter((node) => node.state.base === 'IDLE' && isSchedulable(node.state)).length,
      gpus: present.reduce((sum, node) => sum + node.gpus, 0),
      gpus_used: gpusUsed(present),
      pending: jobs.get(name)?.pending ?? 0,
      running: jobs.get(name)?.running ?? 0,
    }
  })
})

function gpusUsed(nodes: readonly NodeRecord[]): number | null {
  let used = 0
  for (const { gpus, gpusAllocated } of nodes) {
    if (gpusAllocated === undefined && gpus > 0) return null
    used += gpusAllocated ?? 0
  }
  return used
}

/** A job that waits for several partitions counts in each of them. */
function countJobs({ jobs }: SlurmSnapshot): Map<string, { pending: number; running: number }> {
  const counts = new Map<string, { pending: number; running: number }>()
  for (const job of jobs) {
    for (const name of job.partitions) {
      const count = counts.get(name) ?? { pending: 0, running: 0 }
      if (job.state === 'PENDING') count.pending += tasksOf(job)
      else if (hasAllocation(job.state)) count.running++
      counts.set(name, count)
    }
  }
  return counts
}
