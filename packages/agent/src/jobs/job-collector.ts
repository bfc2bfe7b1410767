import type { JobSampleBatch, JobReading as WireReading } from '@navarch/api/control-plane'
import type { JobCgroup } from '@navarch/cgroup/layout'
import type { FileTree } from '@navarch/cgroup/read-file'
import type { StepDaemon } from '@navarch/cgroup/step-processes'
import type { JobGpu } from '@navarch/core/job/job-event'
import type { NodeUsage } from '@navarch/core/job/node-usage'
import type { JobGpuReading } from '@navarch/core/job/reading'
import { sampleOf } from '@navarch/core/job/reading'
import type { GpuReading } from '@navarch/gpu/gpu-reading'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'
import { batchOf, sampleToWire } from './job-batch.ts'
import { type JobIdentity, mayBeSameRun } from './job-identity.ts'
import { intervalOf, isSought, type JobIntervals, searchMs } from './job-intervals.ts'
import {
  attachGroup,
  detachGroup,
  hadGroup,
  readingsOfJob,
  recordOf,
  type TrackedJob,
  type TrackedJobRecord,
  takeReading,
  trackJob,
} from './tracked-job.ts'

/** Timers are late now and then: a sample may come a little early after one that was. */
const leastApart = 0.8
/** How often jobs that nobody told of are looked for where Slurm makes no groups, ms. */
const searchEveryMs = 5000
/** A job whose epilog never came, with nothing left of it for so long, is not followed any more. */
const forgetMs = 7 * 24 * 3_600_000

/** What the collector needs of the world. */
export interface CollectorEdges {
  clock: Clock
  log: Log
  intervals: JobIntervals
  /** Where /proc is. */
  proc: string
  /** Where the groups' files are; the machine's unless given. */
  tree?: FileTree
  /** All slurmstepds; called where a job has no group. */
  stepDaemons(): readonly StepDaemon[]
  /** Whether Slurm makes groups here, so that a job without one has no processes. */
  hasGroups(): boolean
  /** The job id of a group that is called by its SLUID; undefined when it cannot be known yet. */
  jobIdOfGroup(group: JobCgroup): string | undefined
  send(batches: readonly JobSampleBatch[]): void
  /** A job that nobody told of runs here. */
  onFound(job: TrackedJob): void
  /** Nothing is left of a job that nobody told of. */
  onVanished(job: TrackedJob): void
}

/** Follows the jobs of a node, and reads them. */
export interface JobCollector {
  jobs(): readonly TrackedJob[]
  find(identity: JobIdentity): TrackedJob | undefined
  /** Other runs of the same job that are followed still: they are over when this one starts. */
  earlierRuns(identity: JobIdentity): TrackedJob[]
  /** A hook told of a job that starts. @returns the job, also when it was found before */
  start(identity: JobIdentity, at: number, gpus: readonly JobGpu[]): TrackedJob
  /** The job is over. @returns what it has used, its last reading taken now */
  finish(job: TrackedJob): NodeUsage | undefined
  onGroup(group: JobCgroup): void
  onStepEnd(group: JobCgroup): void
  onGroupGone(group: JobCgroup): void
  onGpus(readings: readonly GpuReading[]): void
  /** How long the youngest job with GPUs has run, ms; infinite when there is none. */
  ageOfYoungestGpuJob(): number
  /** Reads what is due. @returns ms until the next call */
  tick(): number
  /** Hands over the readings that wait. */
  flush(): void
  records(): TrackedJobRecord[]
}

interface Entry {
  job: TrackedJob
  nextAt: number
  /** Readings that were not sent yet. */
  readings: WireReading[]
  lastSampleAt: number
  /** The last complaint about it, told once. */
  complaint?: string
}

/** @param records jobs that an earlier run of the agent followed */
export function createJobCollector(edges: CollectorEdges, records: readonly TrackedJobRecord[] = []): JobCollector {
  const { clock, log, intervals } = edges
  const entries = new Set<Entry>()
  /** Groups by path, with their job once it is known. */
  const groups = new Map<string, { group: JobCgroup; entry?: Entry }>()

  const add = (record: TrackedJobRecord): Entry => {
    const entry: Entry = { job: trackJob(record, edges.proc), nextAt: 0, readings: [], lastSampleAt: 0 }
    entries.add(entry)
    return entry
  }
  for (const record of records) add(record).job.goneAt = clock.now()

  const read = (entry: Entry, gpus: readonly JobGpuReading[] = []): void => {
    const { job } = entry
    try {
      const reading = takeReading(job, clock.now(), job.group ? [] : daemonsOf(job), gpus)
      if (!reading || !job.usage) return
      delete job.goneAt
      // More often than that, readings are for the sums alone.
      if (gpus.length === 0 && reading.at - entry.lastSampleAt < leastApart * intervals.earlyMs) return
      entry.lastSampleAt = reading.at
      entry.readings.push(sampleToWire(sampleOf(reading, job.usage)))
    } catch (error) {
      const complaint = error instanceof Error ? error.message : String(error)
      if (entry.complaint !== complaint)
        log.warn('a job cannot be read', { job_id: job.identity.jobId, error: complaint })
      entry.complaint = complaint
    }
  }

  /** One look at /proc serves all jobs of a tick. */
  let daemons: readonly StepDaemon[] | undefined
  /** A slurmstepd outlives its group for a moment, and knows all that was counted there: it must not count twice. */
  const daemonsOf = (job: TrackedJob): StepDaemon[] => {
    if (hadGroup(job)) return []
    daemons ??= edges.stepDaemons()
    return daemons.filter(({ jobId }) => jobId === job.identity.jobId)
  }

  const connect = (path: string): void => {
    const known = groups.get(path)
    if (!known || known.entry) return
    const { group } = known
    const jobId = group.jobId ?? jobIdOfSluid(group) ?? edges.jobIdOfGroup(group)
    if (jobId === undefined) return
    const identity = { jobId, ...(group.sluid !== undefined && { sluid: group.sluid }) }
    const entry = entryOf(identity) ?? add(newRecord(identity, 'scan', clock.now()))
    known.entry = entry
    if (entry.job.identity.sluid === undefined) entry.job.identity = { ...entry.job.identity, ...identity }
    attachGroup(entry.job, group, edges.tree)
    entry.nextAt = clock.now() + intervals.earlyMs
    read(entry)
  }
  const jobIdOfSluid = ({ sluid }: JobCgroup): string | undefined =>
    sluid === undefined ? undefined : [...entries].find(({ job }) => job.identity.sluid === sluid)?.job.identity.jobId
  const entryOf = (identity: JobIdentity): Entry | undefined =>
    [...entries].findLast(({ job }) => mayBeSameRun(job.identity, identity))

  const flush = (): void => {
    const ready = [...entries].filter(({ readings }) => readings.length > 0)
    if (ready.length === 0) return
    edges.send(ready.map(({ job, readings }) => batchOf(job, readings)))
    for (const entry of ready) entry.readings = []
  }

  let nextSearchAt = 0
  const findBySlurmstepd = (now: number): void => {
    if (edges.hasGroups() || (now < nextSearchAt && nextSearchAt - now <= searchEveryMs)) return
    nextSearchAt = now + searchEveryMs
    daemons ??= edges.stepDaemons()
    for (const { jobId } of daemons) {
      if (entryOf({ jobId })) continue
      read(add(newRecord({ jobId }, 'scan', clock.now())))
    }
  }

  /** Whether the job is over, if nobody will say so. */
  const judge = (entry: Entry, now: number): void => {
    const { job } = entry
    if (!job.group && daemonsOf(job).length === 0) job.goneAt ??= now
    else delete job.goneAt
    if (job.knownBy === 'hook') {
      if (job.goneAt !== undefined && now - job.goneAt >= forgetMs) entries.delete(entry)
      return
    }
    if (!job.told && now - job.startedAt >= intervals.hookGraceMs) {
      job.told = true
      edges.onFound(job)
    }
    if (job.goneAt !== undefined && now - job.goneAt >= intervals.vanishedMs) edges.onVanished(job)
  }

  return {
    jobs: () => [...entries].map(({ job }) => job),
    find: (identity) => entryOf(identity)?.job,
    earlierRuns: (identity) =>
      [...entries]
        .map(({ job }) => job)
        .filter((job) => job.identity.jobId === identity.jobId && !mayBeSameRun(job.identity, identity)),
    records: () => [...entries].map(({ job }) => recordOf(job)),
    start: (identity, at, gpus) => {
      const entry = entryOf(identity) ?? add(newRecord(identity, 'hook', at))
      const { job } = entry
      job.identity = { ...job.identity, ...identity }
      job.knownBy = 'hook'
      job.told = true
      job.startedAt = Math.min(job.startedAt, at)
      if (gpus.length > 0) job.gpus = gpus
      for (const [path, known] of groups) {
        // A run before this one had a group of the same path, whose end nobody saw.
        if (known.group.jobId === job.identity.jobId && known.entry && !entries.has(known.entry)) delete known.entry
        connect(path)
      }
      return job
    },
    finish: (job) => {
      const entry = [...entries].find((one) => one.job === job)
      if (!entry) return job.usage
      daemons = undefined
      read(entry)
      entries.delete(entry)
      if (entry.readings.length > 0) edges.send([batchOf(job, entry.readings)])
      return job.usage
    },
    onGroup: (group) => {
      groups.set(group.path, { group })
      connect(group.path)
    },
    onStepEnd: ({ path }) => {
      const entry = groups.get(path)?.entry
      if (entry && entries.has(entry)) read(entry)
    },
    onGroupGone: ({ path }) => {
      const { entry } = groups.get(path) ?? {}
      groups.delete(path)
      if (entry?.job.group?.job.path !== path) return
      detachGroup(entry.job)
      entry.job.goneAt = clock.now()
    },
    onGpus: (readings) => {
      daemons = undefined
      const now = clock.now()
      for (const entry of entries) {
        const gpus = readingsOfJob(entry.job.gpus, readings)
        if (gpus.length === 0) continue
        read(entry, gpus)
        entry.nextAt = now + intervalOf(entry.job, now, intervals)
      }
    },
    ageOfYoungestGpuJob: () => {
      const starts = [...entries].flatMap(({ job }) => (job.gpus.length > 0 ? [job.startedAt] : []))
      return clock.now() - Math.max(Number.NEGATIVE_INFINITY, ...starts)
    },
    tick: () => {
      daemons = undefined
      const now = clock.now()
      for (const path of groups.keys()) connect(path)
      for (const entry of entries) {
        if (now < entry.nextAt && entry.nextAt - now <= 2 * intervals.laterMs) continue
        read(entry)
        entry.nextAt = now + intervalOf(entry.job, now, intervals)
        judge(entry, now)
      }
      findBySlurmstepd(now)
      const searching = [...entries].some(({ job }) => isSought(job, now))
      return searching ? searchMs : Math.min(intervals.earlyMs, intervals.laterMs)
    },
    flush,
  }
}

function newRecord(identity: JobIdentity, knownBy: 'hook' | 'scan', at: number): TrackedJobRecord {
  return { identity, knownBy, startedAt: at, gpus: [], base: {}, lastHost: {}, told: knownBy === 'hook' }
}
