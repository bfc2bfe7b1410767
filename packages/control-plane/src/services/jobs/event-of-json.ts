import { isReservedId, normalizeJobId } from '@navarch/core/job/identity'
import type { ExitStatus, JobFinished, JobGpu, JobGroup, JobRef, JobStarted, Origin } from '@navarch/core/job/job-event'
import type { NodeUsage } from '@navarch/core/job/node-usage'
import { decodeWaitStatus } from '@navarch/slurm/exit-code'
import type { z } from 'zod'
import { ServiceError } from '../service-error.ts'
import { hostsOfList } from './hosts-of-list.ts'
import { parseJson } from './parse-json.ts'
import { isPlainFinished, isPlainStarted } from './plain-event.ts'
import { eventWithKind, jobFinishedEvent, jobStartedEvent } from './request-schemas.ts'
import { parseTime } from './rfc3339.ts'
import { nodeUsageSchema, usageOfAgent, usageOfHook } from './usage-of-json.ts'

/** What an event does not say of itself. */
export interface Received {
  origin: Origin
  /** When it came, ms since the epoch. */
  receivedAt: number
  /** The cluster that is meant where the event names none. */
  cluster: string
}

type Started = z.output<typeof jobStartedEvent>
type Finished = z.output<typeof jobFinishedEvent>

/**
 * A JobStartedEventJson as an event. Keys that are not known are ignored, so that hooks of other versions are understood.
 * @param what names the value in errors, e.g. "body"
 * @throws ServiceError `invalid` with every path, rule and value
 */
export function startedOfJson(json: unknown, received: Received, what = 'body'): JobStarted {
  const { origin, receivedAt } = received
  const event = isPlainStarted(json) ? (json as Started) : parseJson(what, jobStartedEvent, json)
  const { node, cgroup_path: cgroupPath } = event
  const group = groupOf(event)
  const started: JobStarted = {
    kind: 'started',
    job: refOf(event, received, what),
    at: timeOf(event.timestamp),
    receivedAt,
    origin,
    user: event.user,
    nodes: hostsOfList(event.node_list, `${what}: node_list`),
  }
  if (node) started.node = node
  if (event.name !== undefined) started.name = event.name
  if (event.account !== undefined) started.account = event.account
  if (event.partition !== undefined) started.partition = event.partition
  if (event.qos !== undefined) started.qos = event.qos
  if (event.work_dir !== undefined) started.workDir = event.work_dir
  if (group) started.group = group
  if (event.cpu_allocation !== undefined) started.cpus = event.cpu_allocation
  if (event.memory_allocation_mb !== undefined) started.memoryMb = event.memory_allocation_mb
  if (event.gpu_allocation !== undefined) started.gpuCount = event.gpu_allocation
  if (event.gpu_vendor !== undefined) started.gpuVendor = event.gpu_vendor
  if (event.gpu_devices) started.gpuDevices = event.gpu_devices.filter((device) => device !== '')
  if (event.gpus) started.gpus = event.gpus.map(gpuOf)
  if (cgroupPath) started.cgroupPath = cgroupPath
  return started
}

function gpuOf(gpu: NonNullable<Started['gpus']>[number]): JobGpu {
  const { uuid, vendor, index, model, memory_total_bytes: memoryTotalBytes, parent_uuid: parentUuid } = gpu
  const named: JobGpu = { uuid, vendor }
  if (index !== undefined) named.index = index
  if (model !== undefined) named.model = model
  if (memoryTotalBytes !== undefined) named.memoryTotalBytes = memoryTotalBytes
  if (parentUuid !== undefined) named.parentUuid = parentUuid
  return named
}

/** A JobFinishedEventJson as an event; see `startedOfJson`. */
export function finishedOfJson(json: unknown, received: Received, what = 'body'): JobFinished {
  const { origin, receivedAt } = received
  const event = isPlainFinished(json) ? (json as Finished) : parseJson(what, jobFinishedEvent, json)
  const at = timeOf(event.timestamp)
  const { node, node_list: nodes, final_state: claimedState } = event
  const exit = exitOf(event)
  const usage = usageOf(event, at, what)
  const finished: JobFinished = { kind: 'finished', job: refOf(event, received, what), at, receivedAt, origin }
  if (node) finished.node = node
  if (nodes) finished.nodes = hostsOfList(nodes, `${what}: node_list`)
  if (exit) finished.exit = exit
  if (claimedState !== undefined) finished.claimedState = claimedState
  if (usage) finished.usage = usage
  return finished
}

/** An event of a batch or of an agent's message, which says in `event` what it is. */
export function eventOfJson(json: unknown, received: Received, what: string): JobStarted | JobFinished {
  return kindOf(json, what) === 'started' ? startedOfJson(json, received, what) : finishedOfJson(json, received, what)
}

function kindOf(json: unknown, what: string): 'started' | 'finished' {
  const kind = typeof json === 'object' && json !== null && 'event' in json ? json.event : undefined
  if (!Array.isArray(json) && (kind === 'started' || kind === 'finished')) return kind
  return parseJson(what, eventWithKind, json).event
}

function refOf({ job_id, cluster, restart, sluid }: Started | Finished, received: Received, what: string): JobRef {
  const jobId = normalizeJobId(job_id)
  if (isReservedId(jobId)) {
    const remedy = 'send the raw SLURM_JOB_ID, and the run, task or component in restart, array_task_id or het_offset'
    throw new ServiceError('invalid', `${what}: job_id ${JSON.stringify(job_id)} names a part of a job: ${remedy}`)
  }
  const ref: JobRef = { cluster: cluster || received.cluster, jobId }
  if (restart !== undefined) ref.restart = restart
  if (sluid) ref.sluid = sluid
  return ref
}

function groupOf(event: Started): JobGroup | undefined {
  const { array_job_id: arrayJobId, array_task_id: arrayTask, het_job_id: hetJobId, het_offset: hetOffset } = event
  const group: JobGroup = {}
  if (arrayJobId !== undefined) group.arrayJobId = arrayJobId
  if (arrayTask) group.arrayTask = arrayTask
  if (hetJobId !== undefined) group.hetJobId = hetJobId
  if (hetOffset !== undefined) group.hetOffset = hetOffset
  return Object.keys(group).length > 0 ? group : undefined
}

/** Hooks send the exit status and the signal apart; a number above 255 is the wait status that Slurm gives a hook. */
function exitOf({ exit_code: code, signal }: Finished): ExitStatus | undefined {
  if (code === undefined && signal === undefined) return undefined
  if (code === undefined || code <= 255) return { status: code ?? 0, signal: signal ?? 0 }
  const decoded = decodeWaitStatus(code)
  return { status: decoded.status, signal: signal || decoded.signal }
}

function usageOf({ final_metrics: metrics }: Finished, at: number, what: string): NodeUsage | undefined {
  if (metrics === undefined) return undefined
  if (!('readings' in metrics)) return usageOfHook(metrics, at)
  return usageOfAgent(parseJson(`${what}: final_metrics`, nodeUsageSchema, metrics))
}

function timeOf(timestamp: string): number {
  const ms = parseTime(timestamp)
  if (ms === undefined) throw new Error(`a time that was checked is none: ${timestamp}`)
  return ms
}
