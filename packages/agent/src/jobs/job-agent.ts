import { jobIdOfGroup, userIdOfGroup, userIdOfProcess } from '@navarch/cgroup/group-job-id'
import { expectedJobPath, findJobGroupRoots, type JobGroupRoot } from '@navarch/cgroup/layout'
import { type FileTree, machineFiles } from '@navarch/cgroup/read-file'
import { slurmdCgroups } from '@navarch/cgroup/slurmd-groups'
import { createStepDaemons } from '@navarch/cgroup/step-processes'
import { type JobCgroupWatch, watchJobCgroups } from '@navarch/cgroup/watch'
import type { GpuReading } from '@navarch/gpu/gpu-reading'
import type { Clock } from '@navarch/system/clock'
import type { Log } from '@navarch/system/log'
import type { LostRecords } from '../lost-records.ts'
import type { Session } from '../session.ts'
import type { AppendAsUser } from './append-as-user.ts'
import { createGpuLooks } from './gpu-looks.ts'
import { gpuMinorsOfGresConf, readGresConf, readNvidiaMinors } from './gres-conf.ts'
import {
  finishedByHook,
  finishedByScan,
  identityOfHook,
  type JobEventJson,
  startedByHook,
  startedByScan,
} from './hook-event.ts'
import { followHookFolder, type HookNote, makeHookFolder } from './hook-folder.ts'
import { createJobCollector } from './job-collector.ts'
import type { JobEventSpool } from './job-event-spool.ts'
import { gpusOfHook, gresOrder, type NodeGpus } from './job-gpus.ts'
import { defaultIntervals, type JobIntervals } from './job-intervals.ts'
import { createJobOutbox } from './job-outbox.ts'
import { nameGpus, rememberUnnamed } from './late-gpus.ts'
import { createOutputNotes, type OutputNotes } from './output-notes.ts'
import type { RunningJobsFile } from './running-jobs-file.ts'
import type { SampleQueue } from './sample-queue.ts'
import type { TrackedJob } from './tracked-job.ts'

/** What following a node's jobs needs. */
export interface JobAgentOptions {
  nodeId: string
  clock: Clock
  log: Log
  events: JobEventSpool
  samples: SampleQueue
  runningJobs: RunningJobsFile
  /** Folder in which hooks leave notes; undefined: none is made. */
  hookFolder: string | undefined
  /** Group id that slurmctld's hooks write with. */
  slurmGroup?: number
  /** The name of a user id. */
  userName: (uid: number) => Promise<string | undefined>
  intervals?: JobIntervals
  /** A job has come or gone. */
  onJobs?: () => void
  /** Writes into the files of users; undefined: nothing is. */
  append?: AppendAsUser
  /** Where the machine's files are: tests have others. */
  tree?: FileTree
  proc?: string
}

/** Sees the jobs of a node, tells of them and measures them. */
export interface JobAgent {
  /** @param look looks at the GPUs; its readings come back by `onGpus` */
  run(look: () => Promise<unknown>, signal: AbortSignal): Promise<void>
  onGpus(readings: readonly GpuReading[]): void
  onLinked(session: Session): void
  /** The jobs that are followed now. */
  jobs(): readonly TrackedJob[]
  /** Takes an event that somebody on this machine posted. Resolves when it is safe. */
  addEvent(event: JobEventJson): Promise<void>
  /** Writes lines at the end of a job's output file; see `OutputNotes`. */
  noteOutput: OutputNotes['write']
  /** What was given up for want of room since the agent started. */
  lost(): Omit<LostRecords, 'reports'>
}

/** Where slurmd makes its groups is looked for this often, ms: before it is found, and after. */
const findRootsMs = 10_000
const refindRootsMs = 60_000
/** What an agent that is killed may forget of GPUs' figures, ms. */
const saveMs = 60_000
/** After an error that nobody expects, ms. */
const retryMs = 5000

/** Connects the collector to the hooks, the groups, the GPUs and the link. */
export async function createJobAgent(options: JobAgentOptions): Promise<JobAgent> {
  const { nodeId, clock, log, intervals = defaultIntervals, tree = machineFiles, proc = '/proc' } = options
  const outbox = createJobOutbox(options)
  const notes = createOutputNotes(options.append)
  const stepDaemons = createStepDaemons(proc, tree)
  let roots: JobGroupRoot[] = []
  let watch: JobCgroupWatch | undefined
  let nodeGpus: NodeGpus = { readings: [], order: [] }
  let lookAtGpus: () => Promise<unknown> = async () => {}
  const gpuLooks = createGpuLooks(clock, () => void lookAtGpus())
  /** Has the jobs read at once, for a new one must not wait for the others' turn. */
  let wakeReader = () => {}

  const onFound = async (job: TrackedJob): Promise<void> => {
    const uid = job.group?.job.uid ?? (job.group ? userIdOfGroup(job.group.job.path, proc, tree) : userOfDaemon(job))
    const user = uid === undefined ? 'unknown' : ((await options.userName(uid)) ?? String(uid))
    const cgroupPath = job.group?.job.path
    log.info('job found', { job_id: job.identity.jobId, user })
    await outbox.addEvent(
      startedByScan(job.identity, {
        ...{ node: nodeId, at: job.startedAt, user },
        ...(cgroupPath !== undefined && { cgroupPath }),
      }),
    )
  }
  /** A slurmstepd is root's; its children are the user's. */
  const userOfDaemon = ({ identity }: TrackedJob): number | undefined => {
    for (const { pid, jobId } of stepDaemons.look()) {
      if (jobId !== identity.jobId) continue
      const child = tree.read(`${proc}/${pid}/task/${pid}/children`)?.split(' ')[0]
      const uid = child ? userIdOfProcess(Number(child), proc, tree) : undefined
      if (uid !== undefined) return uid
    }
    return undefined
  }
  const onVanished = (job: TrackedJob): void => {
    const at = job.goneAt ?? clock.now()
    const usage = collector.finish(job)
    options.onJobs?.()
    log.info('job gone', { job_id: job.identity.jobId })
    // An agent that comes after this one must not find its end anew, at another time.
    void outbox.addEvent(finishedByScan(job.identity, { node: nodeId, at, ...(usage && { usage }) })).then(save)
  }

  const collector = createJobCollector(
    {
      clock,
      log,
      intervals,
      proc,
      tree,
      stepDaemons: stepDaemons.look,
      hasGroups: () => roots.length > 0,
      jobIdOfGroup: (group) => jobIdOfGroup(group.path, proc, tree),
      send: outbox.addSamples,
      onFound: (job) => void onFound(job),
      onVanished,
    },
    await options.runningJobs.load(),
  )

  const onPrologOfNode = async ({ record, at }: HookNote): Promise<void> => {
    const { environment } = record
    const identity = identityOfHook(environment)
    if (!identity) return log.warn('a hook names no job', { event: record.event })
    for (const earlier of collector.earlierRuns(identity)) onVanished(earlier)
    learnGpuOrder(environment['SLURM_CONF'])
    const gpus = gpusOfHook(environment, nodeGpus)
    const job = collector.start(identity, at, gpus.gpus)
    options.onJobs?.()
    const cgroupPath = job.group?.job.path ?? expectedPath(identity, environment['SLURM_JOB_UID'])
    const node = environment['SLURMD_NODENAME'] || nodeId
    if (gpus.gpus.length > 0) gpuLooks.onStart()
    wakeReader()
    const details = { node, at, gpus, ...(cgroupPath !== undefined && { cgroupPath }) }
    const event = startedByHook(identity, environment, details)
    rememberUnnamed(job, environment, gpus, event)
    await outbox.addEvent(event)
    // Once the note is gone, an agent that comes after this one knows of the job's start and end from here alone.
    await save()
  }
  const onEpilogOfNode = async ({ record, at }: HookNote): Promise<void> => {
    const { environment } = record
    const identity = identityOfHook(environment)
    if (!identity) return log.warn('a hook names no job', { event: record.event })
    // What the kernel told last may still be on its way to us.
    watch?.scan()
    const job = collector.find(identity)
    const usage = job && collector.finish(job)
    notes.onEpilog(environment)
    options.onJobs?.()
    const node = environment['SLURMD_NODENAME'] || nodeId
    await outbox.addEvent(
      finishedByHook({ ...job?.identity, ...identity }, environment, { node, at, ...(usage && { usage }) }),
    )
    await save()
  }
  const onSlurmctldHook = async ({ record, at }: HookNote): Promise<void> => {
    const { environment, event } = record
    const identity = identityOfHook(environment)
    if (!identity) return log.warn('a hook names no job', { event })
    const tell = event === 'prolog_slurmctld' ? startedByHook : finishedByHook
    await outbox.addEvent(tell(identity, environment, { at }))
  }
  const take = (note: HookNote): Promise<void> => {
    const { event } = note.record
    if (event === 'prolog') return onPrologOfNode(note)
    return event === 'epilog' ? onEpilogOfNode(note) : onSlurmctldHook(note)
  }

  const expectedPath = (identity: { jobId: string; sluid?: string }, uid: string | undefined): string | undefined => {
    const [root] = roots
    // With several slurmds on a machine nobody can tell which one it is.
    if (!root || roots.length > 1) return undefined
    return expectedJobPath(root, { ...identity, ...(uid && { uid: Number(uid) }) }, tree.folders(root.path))
  }

  const learnGpuOrder = (slurmConf?: string): void => {
    const { readings } = nodeGpus
    const gresConf = readGresConf(slurmConf, tree)
    const files = gresConf === undefined ? undefined : gpuMinorsOfGresConf(gresConf, nodeId)
    nodeGpus = { readings, order: gresOrder(readings, readNvidiaMinors(readings, tree), files) }
  }

  const completeStarts = (): void => {
    for (const job of collector.jobs()) {
      if (!job.unnamedGpus) continue
      learnGpuOrder(job.unnamedGpus.environment['SLURM_CONF'])
      const event = nameGpus(job, nodeGpus)
      if (event) void outbox.addEvent(event).then(save)
    }
  }

  const findRoots = (): number => {
    const mounts = tree.read(`${proc}/self/mountinfo`) ?? ''
    const found = findJobGroupRoots(mounts, slurmdCgroups(proc, tree), tree)
    if (found.map(({ path }) => path).join() === roots.map(({ path }) => path).join())
      return found.length > 0 ? refindRootsMs : findRootsMs
    roots = found
    log.info('control groups of jobs found', { paths: roots.map(({ path }) => path) })
    watch?.close()
    watch = watchJobCgroups(
      { clock, roots, tree },
      { onJob: collector.onGroup, onStepEnd: collector.onStepEnd, onGone: collector.onGroupGone },
    )
    return refindRootsMs
  }

  const save = (): Promise<void> =>
    options.runningJobs
      .save(collector.records)
      .catch((error: unknown) => log.error('running jobs not saved', { error: messageOf(error) }))

  /** A file that cannot be read just now must not end the following of all jobs. */
  const attempt = async (task: () => number | Promise<number>): Promise<number> => {
    try {
      return await task()
    } catch (error) {
      log.error('jobs could not be followed for a moment', { error: messageOf(error) })
      return retryMs
    }
  }
  /** Does a task again and again; it tells how long to wait, ms. */
  const repeat = async (
    task: () => number | Promise<number>,
    signal: AbortSignal,
    onSleep: (wake: () => void) => void = () => {},
  ): Promise<void> => {
    while (!signal.aborted) {
      const waitMs = await attempt(task)
      const woken = new AbortController()
      onSleep(() => woken.abort())
      await clock.sleep(waitMs, AbortSignal.any([signal, woken.signal])).catch(() => {})
    }
  }
  const readJobs = (): number => {
    const waitMs = collector.tick()
    gpuLooks.onAge(collector.ageOfYoungestGpuJob())
    return waitMs
  }
  const sendReadings = (): number => {
    collector.flush()
    return intervals.sendMs
  }
  const followHooks = async (signal: AbortSignal): Promise<void> => {
    const dir = options.hookFolder
    if (dir === undefined) return
    try {
      await makeHookFolder(dir, options.slurmGroup)
    } catch (error) {
      log.warn('hooks have no folder here: their jobs are found without them', { dir, error: messageOf(error) })
      return
    }
    await followHookFolder({ dir, clock, log, take }, signal)
  }

  return {
    addEvent: outbox.addEvent,
    noteOutput: notes.write,
    lost: () => {
      const { starts, ends } = options.events.dropped()
      return { jobStarts: starts, jobEnds: ends, readings: options.samples.dropped() }
    },
    jobs: collector.jobs,
    onLinked: outbox.onLinked,
    onGpus: (readings) => {
      gpuLooks.onLooked()
      nodeGpus = { ...nodeGpus, readings }
      completeStarts()
      collector.onGpus(readings)
    },
    run: async (look, signal) => {
      lookAtGpus = look
      await Promise.all([
        repeat(findRoots, signal),
        repeat(sendReadings, signal),
        repeat(() => save().then(() => saveMs), signal),
        repeat(readJobs, signal, (wake) => {
          wakeReader = wake
        }),
        followHooks(signal),
      ])
      gpuLooks.close()
      watch?.close()
      collector.flush()
      await Promise.all([options.samples.close(), options.events.close()])
      await save()
    },
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
