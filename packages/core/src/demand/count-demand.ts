import type { JobRecord } from '@navarch/slurm/job-record'
import type { NodeRecord } from '@navarch/slurm/node-record'
import { isCloud, isRegistered, isSchedulable } from '@navarch/slurm/node-state'
import { unavailableNodes } from '@navarch/slurm/pending-reason'
import { counted } from '../count-words.ts'
import type { NodeShape } from '../pool/node-shape.ts'
import { type JobNeeds, needsOf, whyNoFit } from './job-needs.ts'
import { namesIn } from './names-in.ts'
import { meaningOf } from './pending-reasons.ts'

export interface DemandInput {
  jobs: readonly JobRecord[]
  /** All nodes that slurmctld knows. */
  nodes: readonly NodeRecord[]
  /** The partition that the pool serves. */
  partition: string
  /** Partitions of all pools: a job that may run in several counts in the first of its partitions that a pool serves. */
  poolPartitions: readonly string[]
  /** Names that have no host now and that we can give one, or are giving one. */
  coming: ReadonlySet<string>
  /** Whether new names can be made: dynamic nodes. */
  dynamicNames?: boolean
  /** Undefined: not known yet. */
  shape?: NodeShape
  /** Most nodes that the pool may have: a job that needs more is not counted. */
  maxNodes: number
  /** ms since the epoch. */
  now: number
}

/** One record of the queue and what became of it. */
export interface JobDemand {
  jobId: number
  /** As squeue prints it: "12", "12_[3-20]", "12+1". */
  label: string
  name: string
  user: string
  kind: 'pending' | 'configuring' | 'running'
  /** Nodes of one copy. */
  nodes: number
  /** Copies that count: array tasks, or 1; 0 when it does not count. */
  copies: number
  /** Why it counts, or does not. */
  why: string
}

/** Pending work for packing. */
export interface WorkItem {
  jobId: number
  copies: number
  needs: JobNeeds
}

export interface Demand {
  /** Nodes that pending jobs wait for, a job of k nodes counting k. */
  pendingNodes: number
  /** Nodes that started jobs hold, counted likewise. */
  runningNodes: number
  /** The pending jobs that count and may run on any node, in the order in which Slurm would start them. */
  work: WorkItem[]
  /** Names without a host that jobs wait for by name. */
  names: string[]
  /** Every job of the partition, with the reason why it counts or not. */
  jobs: JobDemand[]
  /** Pending reasons that nobody knows, and how many jobs have each. */
  unknownReasons: Record<string, number>
}

/** A job that Slurm put back starts again within this time: soon enough to keep its node. */
export const nearMs = 180_000

const running: ReadonlySet<string> = new Set(['RUNNING', 'SUSPENDED', 'STOPPED', 'RESIZING', 'SIGNALING'])

/**
 * Counts the work that nodes of this pool could start, and says of each job why it counts or not.
 *
 * Not counted is what new nodes would not start: jobs that wait for other jobs, for a time, for a limit, a reservation or a
 * person; jobs that fit no node of this pool; tasks beyond an array's own limit; and anything whose reason is not known.
 */
export function countDemand(input: DemandInput): Demand {
  const demand: Demand = { pendingNodes: 0, runningNodes: 0, work: [], names: [], jobs: [], unknownReasons: {} }
  const facts = factsOf(input)
  const names = new Set<string>()
  const jobs = input.jobs.filter((job) => partitionFor(job, input.poolPartitions) === input.partition)
  for (const job of jobs.toSorted((a, b) => b.priority - a.priority || a.id - b.id)) {
    if (running.has(job.state)) addStarted(demand, job, 'running', 'runs')
    else if (job.state === 'CONFIGURING' || job.state === 'POWER_UP_NODE') {
      const hostless = namesIn(job.nodes).filter((name) => !facts.hosted.has(name))
      for (const name of hostless) names.add(name)
      const why = hostless.length ? `Slurm gave it ${hostless.join(', ')}, which have no host yet` : 'is starting'
      addStarted(demand, job, 'configuring', why)
    } else if (job.state === 'PENDING') {
      for (const name of addPending(demand, job, facts)) names.add(name)
    }
  }
  demand.names = [...names]
  return demand
}

interface Facts extends DemandInput {
  /** Names that have a host, or need none of ours. */
  hosted: ReadonlySet<string>
  /** Names where a job could start now. */
  up: ReadonlySet<string>
  /** Tasks that an array's limit still allows; counts down. */
  tasksLeft: Map<number, number>
  hetComponents: ReadonlyMap<number, readonly JobRecord[]>
}

function factsOf(input: DemandInput): Facts {
  const tasksLeft = new Map<number, number>()
  const started = new Map<number, number>()
  const hetComponents = new Map<number, JobRecord[]>()
  for (const job of input.jobs) {
    if (job.het) hetComponents.set(job.het.jobId, [...(hetComponents.get(job.het.jobId) ?? []), job])
    if (!job.array) continue
    const { jobId, limit } = job.array
    if (limit !== undefined) tasksLeft.set(jobId, limit)
    if (job.state !== 'PENDING') started.set(jobId, (started.get(jobId) ?? 0) + 1)
  }
  for (const [jobId, limit] of tasksLeft) tasksLeft.set(jobId, Math.max(0, limit - (started.get(jobId) ?? 0)))
  return {
    ...input,
    // slurmctld 22.05 does not show CLOUD names that are powered down, even those to which it gave jobs.
    hosted: namesOf(input.nodes, ({ state }) => !isCloud(state) || isRegistered(state)),
    up: namesOf(input.nodes, ({ state }) => isSchedulable(state)),
    tasksLeft,
    hetComponents,
  }
}

function addStarted(demand: Demand, job: JobRecord, kind: 'running' | 'configuring', why: string): void {
  const nodes = namesIn(job.nodes).length || job.request.nodesMin
  demand.runningNodes += nodes
  demand.jobs.push({ ...headOf(job), kind, nodes, copies: 1, why })
}

/** @returns names without a host that the job insists on */
function addPending(demand: Demand, job: JobRecord, facts: Facts): string[] {
  const needs = needsOf(job, facts.shape)
  const refusal = whyNotCounted(job, needs, facts, demand.unknownReasons)
  let copies = job.array?.count ?? 1
  let why = refusal ?? whyCounted(job)
  if (refusal !== undefined) copies = 0
  const left = job.array && facts.tasksLeft.get(job.array.jobId)
  if (job.array && left !== undefined && copies > left) {
    why =
      left === 0
        ? `its array's limit of ${counted(job.array.limit ?? 0, 'task')} is reached`
        : `${why}; ${left} of ${copies} tasks may run at once`
    copies = left
  }
  if (job.array && left !== undefined) facts.tasksLeft.set(job.array.jobId, left - copies)
  demand.jobs.push({ ...headOf(job), kind: 'pending', nodes: needs.nodes, copies, why })
  if (copies === 0) return []
  demand.pendingNodes += needs.nodes * copies
  const awaited = namesIn(job.request.requiredNodes).filter((name) => facts.coming.has(name) && !facts.up.has(name))
  if (awaited.length < needs.nodes) demand.work.push({ jobId: job.id, copies, needs })
  return awaited
}

function whyNotCounted(
  job: JobRecord,
  needs: JobNeeds,
  facts: Facts,
  unknownReasons: Record<string, number>,
): string | undefined {
  const { code } = job.reason
  if (meaningOf(job.reason) === 'unknown') unknownReasons[code] = (unknownReasons[code] ?? 0) + (job.array?.count ?? 1)
  const waits = whyWaiting(job, facts)
  if (waits !== undefined) return waits
  for (const part of job.het ? (facts.hetComponents.get(job.het.jobId) ?? []) : []) {
    const reason = part === job || part.state !== 'PENDING' ? undefined : whyWaiting(part, facts)
    if (reason !== undefined) return `starts together with ${labelOf(part)}, which ${reason}`
  }
  if (facts.shape) {
    const misfit = whyNoFit(job, needs, facts.shape)
    if (misfit !== undefined) return misfit
  }
  if (needs.nodes > facts.maxNodes) return `needs ${counted(needs.nodes, 'node')}; the pool may have ${facts.maxNodes}`
  return undefined
}

/** Why nodes would not start the job, by Slurm's own reason; undefined when they would. */
function whyWaiting(job: JobRecord, facts: Facts): string | undefined {
  const { code } = job.reason
  switch (meaningOf(job.reason)) {
    case 'capacity':
      return undefined
    case 'nodes':
      return whyNodesCannotCome(job, facts)
    case 'time': {
      const { eligibleTime } = job
      if (eligibleTime !== undefined && eligibleTime - facts.now <= nearMs) return undefined
      return `waits for a time that is not near (${code})`
    }
    case 'other':
      return `waits for something that nodes do not give (${code})`
    case 'unknown':
      return `has a reason that is not known (${code})`
  }
}

function whyNodesCannotCome(job: JobRecord, facts: Facts): string | undefined {
  const required = namesIn(job.request.requiredNodes)
  if (required.length > 0) {
    const never = required.filter((name) => !facts.coming.has(name) && !facts.up.has(name))
    return never.length ? `needs ${never.join(', ')}, which cannot be provided` : undefined
  }
  const { code, detail = '' } = job.reason
  if (code === 'ReqNodeNotAvail' && detail !== '' && unavailableNodes(job.reason) === undefined) {
    return `waits for nodes that are kept from it (${detail})`
  }
  // It insists on none of the nodes that Slurm names, so any new one of the partition will do.
  if (facts.coming.size > 0 || facts.dynamicNames) return undefined
  return `waits for nodes that cannot be provided (${code}${detail ? `, ${detail}` : ''})`
}

function whyCounted(job: JobRecord): string {
  const { code } = job.reason
  if (code === 'None') return 'was just submitted'
  return meaningOf(job.reason) === 'time' ? 'starts again soon' : `waits for nodes (${code})`
}

function namesOf(nodes: readonly NodeRecord[], meets: (node: NodeRecord) => boolean): ReadonlySet<string> {
  return new Set(nodes.filter(meets).map((node) => node.name))
}

function partitionFor(job: JobRecord, poolPartitions: readonly string[]): string | undefined {
  return job.partitions.find((partition) => poolPartitions.includes(partition))
}

function headOf(job: JobRecord): Pick<JobDemand, 'jobId' | 'label' | 'name' | 'user'> {
  return { jobId: job.id, label: labelOf(job), name: job.name, user: job.user }
}

/** A job or component as squeue prints it: "12", "12_[3-20%4]", "12+1". */
export function labelOf(job: JobRecord): string {
  if (job.het) return `${job.het.jobId}+${job.het.offset}`
  if (!job.array) return String(job.id)
  const { jobId, tasks, limit } = job.array
  if (/^\d+$/.test(tasks)) return `${jobId}_${tasks}`
  return `${jobId}_[${tasks}${limit === undefined ? '' : `%${limit}`}]`
}
