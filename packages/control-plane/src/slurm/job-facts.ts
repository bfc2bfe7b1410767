import type { ExitStatus, JobGroup, JobResources, SlurmJobFacts } from '@navarch/core/job/job-event'
import type { AccountedJob } from '@navarch/slurm/accounted-job'
import type { TimeLimit } from '@navarch/slurm/duration'
import { withoutUndefined } from '@navarch/slurm/fields'
import { countGres } from '@navarch/slurm/gres'
import type { JobRecord } from '@navarch/slurm/job-record'
import { isFinished } from '@navarch/slurm/job-state'
import type { Tres } from '@navarch/slurm/tres'

/** What a record of the controller says of its job. */
export function factsOfRecord(job: JobRecord, from: 'squeue' | 'scontrol' | 'slurmrestd'): SlurmJobFacts {
  // What Slurm calls the start of a job without nodes is a guess, or the moment of its cancellation.
  const began = job.nodes !== undefined
  const over = isFinished(job.state) || job.state === 'COMPLETING'
  return withoutUndefined<SlurmJobFacts>({
    state: job.state,
    reason: job.reason.code === 'None' ? undefined : job.reason.code,
    from,
    exit: exitOf(job.exit),
    user: job.user,
    name: job.name,
    account: job.account,
    partition: job.partitions.length === 0 ? undefined : job.partitions.join(','),
    qos: job.qos,
    group: groupOf(job),
    nodes: job.nodes,
    submitTime: job.submitTime,
    eligibleTime: job.eligibleTime,
    dependency: job.dependency,
    startTime: began ? job.startTime : undefined,
    endTime: over ? job.endTime : undefined,
    timeLimitMinutes: minutesOf(job.timeLimit),
    priority: job.priority,
    requested: requestedOf(job),
    allocated: began ? allocatedOf(job) : undefined,
    workDir: job.workDir,
    stdout: job.stdout,
  })
}

/** What accounting says of one run. Its reasons are left out: they are why the run once waited. */
export function factsOfAccounted(run: AccountedJob): SlurmJobFacts {
  const accounted = withoutUndefined<NonNullable<SlurmJobFacts['accounted']>>({
    cpuSeconds: run.cpuSeconds,
    maxRssBytes: run.maxRssBytes,
  })
  return withoutUndefined<SlurmJobFacts>({
    state: run.state,
    from: 'sacct',
    exit: exitOf(run.exit),
    user: run.user,
    name: run.name,
    account: run.account,
    partition: run.partition,
    qos: run.qos,
    group: groupOf(run),
    nodes: run.nodes,
    submitTime: run.submitTime,
    eligibleTime: run.eligibleTime,
    startTime: run.startTime,
    endTime: run.endTime,
    timeLimitMinutes: minutesOf(run.timeLimit),
    requested: resourcesOf(run.requested),
    allocated: run.nodes === undefined ? undefined : resourcesOf(run.allocated),
    accounted: Object.keys(accounted).length === 0 ? undefined : accounted,
  })
}

function exitOf(exit: ExitStatus | undefined): ExitStatus | undefined {
  return exit && { status: exit.status, signal: exit.signal }
}

function groupOf({ array, het }: Pick<JobRecord, 'array' | 'het'>): JobGroup | undefined {
  if (!array && !het) return undefined
  return {
    ...(array && { arrayJobId: array.jobId, arrayTask: array.tasks }),
    ...(het && { hetJobId: het.jobId, hetOffset: het.offset }),
  }
}

/** Slurm reckons with a year, and with numbers that make no sense, for jobs without a limit. */
const noLimitMs = 365 * 86_400_000

function minutesOf(limit: TimeLimit | undefined): number | undefined {
  return limit === undefined || limit === 'unlimited' || limit >= noLimitMs ? undefined : Math.round(limit / 60_000)
}

function resourcesOf(tres: Tres): JobResources | undefined {
  const resources = withoutUndefined<JobResources>({
    cpus: tres['cpu'],
    memoryMb: tres['mem'],
    gpus: tres['gres/gpu'],
    nodes: tres['node'],
  })
  return Object.keys(resources).length === 0 ? undefined : resources
}

function requestedOf(job: JobRecord): JobResources | undefined {
  const waits = job.nodes === undefined
  const gpus = gpusAskedFor(job)
  const resources = { ...(waits && resourcesOf(job.tres)), ...(gpus !== undefined && { gpus }) }
  return Object.keys(resources).length === 0 ? undefined : resources
}

/** GPUs are in TRES only where accounting tracks them; without, a job has what it asked for. */
function allocatedOf(job: JobRecord): JobResources | undefined {
  const resources = resourcesOf(job.tres)
  const gpus = resources?.gpus ?? (job.request.exclusive === 'no' ? gpusAskedFor(job) : undefined)
  return gpus === undefined ? resources : { ...resources, gpus }
}

/** In the whole job; undefined where it depends on sockets. */
function gpusAskedFor({ request, tres }: JobRecord): number | undefined {
  const { gresPerJob, gresPerNode, gresPerSocket, gresPerTask, nodesMin, tasks } = request
  const inJob = countGres(gresPerJob, 'gpu')
  if (inJob > 0) return inJob
  const perTask = countGres(gresPerTask, 'gpu')
  if (perTask > 0) return tasks === undefined ? undefined : perTask * tasks
  if (countGres(gresPerSocket, 'gpu') > 0) return undefined
  return countGres(gresPerNode, 'gpu') * (tres['node'] ?? nodesMin)
}
