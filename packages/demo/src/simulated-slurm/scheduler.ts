import {
  devicesInUse,
  isSchedulable,
  jobsOn,
  nodeShape,
  type SimulatedCluster,
  type SimulatedJob,
  splitTask,
} from './cluster.ts'

/** The reason that slurmctld gives to a node whose slurmd is silent. */
export const notResponding = 'Not responding'

/**
 * Brings the cluster to this moment: hosts that wait are taken in, jobs whose time is over end, jobs that fit start.
 * Jobs start by priority and then by age; a later job may pass one that has no room.
 */
export function settle(cluster: SimulatedCluster, now: number): void {
  acceptHosts(cluster, now)
  for (const job of cluster.jobs.values()) if (isOver(job, now)) endJob(cluster, job)
  if (cluster.ended[0] && isForgotten(cluster.ended[0], now))
    cluster.ended = cluster.ended.filter((job) => !isForgotten(job, now))
  const free = freeGpus(cluster)
  const waiting = [...cluster.jobs.values()].filter((job) => job.startedAt === undefined && !job.waiting)
  const blocked = new Set<string>()
  for (const job of waiting.sort((a, b) => b.priority - a.priority || a.id - b.id)) {
    const nodes = startTasks(cluster, job, free, now)
    if (isAtTaskLimit(cluster, job)) {
      delete job.expectedAt
      job.reason = 'JobArrayTaskLimit'
    } else if (nodes) startJob(cluster, job, nodes, free, now)
    else {
      // As backfill does for the first of the queue: when the next job's time limit is over.
      const end = blocked.has(job.partition) ? Number.POSITIVE_INFINITY : nextEnd(cluster, job.partition)
      if (Number.isFinite(end)) job.expectedAt = end
      else delete job.expectedAt
      job.reason = blocked.has(job.partition) ? 'Priority' : 'Resources'
      blocked.add(job.partition)
    }
  }
}

/** Starts tasks of an array until one is left, or they are as many as may run. @returns where the rest, or any other job, fits */
function startTasks(
  cluster: SimulatedCluster,
  job: SimulatedJob,
  free: Map<string, number>,
  now: number,
): readonly string[] | undefined {
  for (;;) {
    const nodes = placeFor(cluster, job, free)
    const { array } = job
    if (!nodes || !array || array.first === array.last || isAtTaskLimit(cluster, job)) return nodes
    startJob(cluster, splitTask(cluster, job, array), nodes, free, now)
  }
}

function isAtTaskLimit(cluster: SimulatedCluster, { array }: SimulatedJob): boolean {
  if (!array) return false
  const isRunning = (job: SimulatedJob) => job.array?.jobId === array.jobId && job.startedAt !== undefined
  return [...cluster.jobs.values()].filter(isRunning).length >= array.most
}

/** A slurmd of a FUTURE name is taken in once slurmctld knows where its host is; that clears the reason, not the drain. */
function acceptHosts(cluster: SimulatedCluster, now: number): void {
  for (const node of cluster.nodes.values()) {
    const back = node.base === 'DOWN' && node.reason?.text === notResponding
    if (!node.hostUp || node.address === node.name || !(node.base === 'FUTURE' || back)) continue
    delete node.reason
    node.base = 'UP'
    node.bootedAt ??= now
    node.lastBusyAt = now
  }
}

function nextEnd(cluster: SimulatedCluster, partition: string): number {
  const running = [...cluster.jobs.values()].filter((job) => job.partition === partition && job.startedAt !== undefined)
  return Math.min(...running.map((job) => (job.startedAt ?? 0) + job.timeLimitMs))
}

function isOver(job: SimulatedJob, now: number): boolean {
  return job.startedAt !== undefined && job.startedAt + job.durationMs <= now
}

/** slurmctld's MinJobAge. */
function isForgotten(job: SimulatedJob, now: number): boolean {
  return (job.startedAt ?? 0) + job.durationMs + 300_000 < now
}

function endJob(cluster: SimulatedCluster, job: SimulatedJob): void {
  cluster.jobs.delete(job.id)
  cluster.ended = [...cluster.ended, job]
  cluster.counts.completed++
  markBusyUntil(cluster, job, (job.startedAt ?? 0) + job.durationMs)
  cluster.onJob?.('end', job, (job.startedAt ?? 0) + job.durationMs)
}

function markBusyUntil(cluster: SimulatedCluster, job: SimulatedJob, at: number): void {
  for (const name of job.nodes) {
    const node = cluster.nodes.get(name)
    if (node) node.lastBusyAt = at
  }
}

/** Puts the jobs of a node back into the queue, as slurmctld does when a node fails under them. */
export function requeueJobs(cluster: SimulatedCluster, name: string, now: number): void {
  for (const job of jobsOn(cluster, name)) {
    markBusyUntil(cluster, job, now)
    job.nodes = []
    job.devices = {}
    delete job.startedAt
    job.restarts++
  }
}

function freeGpus(cluster: SimulatedCluster): Map<string, number> {
  const free = new Map<string, number>()
  for (const node of cluster.nodes.values()) if (isSchedulable(node)) free.set(node.name, nodeShape.gpus)
  for (const job of cluster.jobs.values()) {
    for (const name of job.nodes) {
      const left = free.get(name)
      if (left !== undefined) free.set(name, left - job.gpusPerNode)
    }
  }
  return free
}

/** The fullest nodes that still have room, so that others stay whole. */
function placeFor(
  cluster: SimulatedCluster,
  job: SimulatedJob,
  free: ReadonlyMap<string, number>,
): readonly string[] | undefined {
  const fitting = [...free].filter(
    ([name, gpus]) =>
      gpus >= job.gpusPerNode &&
      cluster.nodes.get(name)?.partition === job.partition &&
      (job.node === undefined || job.node === name),
  )
  if (fitting.length < job.nodeCount) return undefined
  return fitting
    .sort(([, a], [, b]) => a - b)
    .slice(0, job.nodeCount)
    .map(([name]) => name)
}

function startJob(
  cluster: SimulatedCluster,
  job: SimulatedJob,
  nodes: readonly string[],
  free: Map<string, number>,
  now: number,
): void {
  job.devices = Object.fromEntries(nodes.map((name) => [name, freeDevices(cluster, name).slice(0, job.gpusPerNode)]))
  job.nodes = nodes
  // Its first run began before; after a requeue it begins anew.
  const startedAt = job.restarts === 0 ? (job.since ?? now) : now
  job.startedAt = startedAt
  job.reason = 'None'
  cluster.counts.started++
  for (const name of nodes) free.set(name, (free.get(name) ?? 0) - job.gpusPerNode)
  cluster.onJob?.('start', job, startedAt)
}

function freeDevices(cluster: SimulatedCluster, node: string): number[] {
  const taken = new Set(devicesInUse(cluster, node))
  return Array.from({ length: nodeShape.gpus }, (_, index) => index).filter((index) => !taken.has(index))
}
