import type { JobCgroup } from '@navarch/cgroup/layout'
import type { FileTree } from '@navarch/cgroup/read-file'
import { createJobCgroupReader, type JobCgroupReader } from '@navarch/cgroup/read-job-cgroup'
import { createJobProcessReader, type JobProcessReader, type StepDaemon } from '@navarch/cgroup/step-processes'
import { addReading } from '@navarch/core/job/add-reading'
import type { JobGpu } from '@navarch/core/job/job-event'
import type { NodeUsage, UsageSource } from '@navarch/core/job/node-usage'
import type { HostReading, JobGpuReading, JobReading } from '@navarch/core/job/reading'
import type { GpuReading } from '@navarch/gpu/gpu-reading'
import type { MigInstance } from '@navarch/gpu/mig-instances'
import { findGpu, modelOf, type NamedGpu } from './find-gpu.ts'
import type { JobIdentity } from './job-identity.ts'
import type { UnnamedGpus } from './late-gpus.ts'

/** A job that runs on this node, as far as this agent has seen it. */
export interface TrackedJob {
  identity: JobIdentity
  /** Who told of it first; a hook that tells later wins. */
  knownBy: 'hook' | 'scan'
  /** ms since the epoch. */
  startedAt: number
  gpus: readonly JobGpu[]
  /** Until all GPUs have a name; see `late-gpus.ts`. */
  unnamedGpus?: UnnamedGpus
  usage?: NodeUsage
  group?: { job: JobCgroup; reader: JobCgroupReader }
  processes: JobProcessReader
  /** Counters of groups that went while the job was not over: a job without a step for a moment has none. */
  base: HostReading
  lastHost: HostReading
  /** When the last of its groups and slurmstepds went, ms; undefined while there is one. */
  goneAt?: number
  /** Whether the event of its start was sent. */
  told: boolean
}

/** A job as it is written down for an agent that is started again. */
export type TrackedJobRecord = Pick<
  TrackedJob,
  'identity' | 'knownBy' | 'startedAt' | 'gpus' | 'unnamedGpus' | 'usage' | 'base' | 'lastHost' | 'told'
>

/**
 * Begins to follow a job, or goes on with one that was written down.
 * @param proc where /proc is
 */
export function trackJob(record: TrackedJobRecord, proc: string): TrackedJob {
  return { ...record, processes: createJobProcessReader(proc) }
}

/** What is to be written down of a job. */
export function recordOf(job: TrackedJob): TrackedJobRecord {
  const { identity, knownBy, startedAt, gpus, usage, base, lastHost, told, unnamedGpus } = job
  const optional = { ...(usage && { usage }), ...(unnamedGpus && { unnamedGpus }) }
  return { identity, knownBy, startedAt, gpus, base, lastHost, told, ...optional }
}

/** The job has this group from now on. @param tree where its files are; the machine's unless given */
export function attachGroup(job: TrackedJob, group: JobCgroup, tree?: FileTree): void {
  if (job.group?.job.path === group.path) return
  if (job.group) detachGroup(job)
  job.group = { job: group, reader: createJobCgroupReader(group, tree) }
  delete job.goneAt
}

/** The job's group is not there any more. The next one begins at nothing: what this one counted goes on counting. */
export function detachGroup(job: TrackedJob): undefined {
  job.base = job.lastHost
  delete job.group
}

/** Whether the job has, or had, a group: Slurm makes them here. */
export function hadGroup({ group, usage }: TrackedJob): boolean {
  return group !== undefined || usage?.source === 'cgroup-v2' || usage?.source === 'cgroup-v1'
}

/**
 * Takes a reading of a job and adds it to what it has used.
 * @param daemons the job's slurmstepds, where it has no group
 * @param gpus readings that are no older than the last reading of the job
 * @returns undefined when nothing can be read of it now
 * @throws CgroupFileError; nothing is changed then
 */
export function takeReading(
  job: TrackedJob,
  now: number,
  daemons: readonly StepDaemon[],
  gpus: readonly JobGpuReading[],
): JobReading | undefined {
  const found = readHost(job, daemons)
  if (!found && gpus.length === 0) return undefined
  const reading: JobReading = {
    // The machine's clock may be set back; a job's readings go on.
    at: Math.max(now, (job.usage?.until ?? 0) + 1),
    source: found?.source ?? 'none',
    host: found?.host ?? {},
    gpus,
  }
  job.usage = addReading(job.usage, reading)
  if (found) job.lastHost = found.host
  return reading
}

function readHost(
  job: TrackedJob,
  daemons: readonly StepDaemon[],
): { host: HostReading; source: UsageSource } | undefined {
  if (job.group) {
    const host = job.group.reader.read()
    if (!host) return detachGroup(job)
    return { host: addBase(host, job.base), source: job.group.job.version === 'v2' ? 'cgroup-v2' : 'cgroup-v1' }
  }
  const host = job.processes.read(daemons)
  return host && { host: addBase(host, job.base), source: 'proc' }
}

const counters = [
  'cpuSeconds',
  'cpuUserSeconds',
  'cpuSystemSeconds',
  'oomKills',
  'readBytes',
  'writeBytes',
  'cpuStallSeconds',
  'memoryStallSeconds',
  'ioStallSeconds',
] as const satisfies readonly (keyof HostReading)[]

function addBase(host: HostReading, base: HostReading): HostReading {
  const sum = { ...host }
  for (const name of counters) {
    const more = base[name]
    if (host[name] !== undefined && more !== undefined) sum[name] = host[name] + more
  }
  return sum
}

/** The readings of a job's GPUs among all of a node. */
export function readingsOfJob(gpus: readonly JobGpu[], readings: readonly GpuReading[]): JobGpuReading[] {
  return gpus.flatMap(({ uuid, vendor }) => {
    const found = findGpu(readings, uuid)
    if (!found) return []
    const known = found.part ? valuesOfPart(found, found.part) : valuesOf(found.gpu)
    const present = Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined))
    return [{ uuid, vendor, ...present }]
  })
}

type GpuValues = { [K in keyof JobGpuReading]?: JobGpuReading[K] | undefined }

function valuesOf(gpu: GpuReading): GpuValues {
  return {
    index: gpu.index,
    model: gpu.name,
    utilizationPercent: gpu.utilizationPercent,
    memoryUtilizationPercent: gpu.memoryUtilizationPercent,
    memoryBytes: gpu.memoryUsedBytes,
    memoryTotalBytes: gpu.memoryTotalBytes,
    powerWatts: gpu.powerWatts,
    temperatureCelsius: gpu.temperatureCelsius,
    smClockMhz: gpu.smClockMhz,
    throttleReasons: gpu.clockEvents,
    energyCounterJoules: gpu.energyJoules,
  }
}

/** Of a part the driver tells memory alone: use, power and heat are those of the whole GPU, and not this job's. */
function valuesOfPart(found: NamedGpu, { memoryUsedBytes, memoryTotalBytes }: MigInstance): GpuValues {
  return { model: modelOf(found), memoryBytes: memoryUsedBytes, memoryTotalBytes }
}
