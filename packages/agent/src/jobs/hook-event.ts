import type { JobFinishedEventJson, JobStartedEventJson } from '@navarch/api/jobs'
import type { NodeUsage } from '@navarch/core/job/node-usage'
import { decodeWaitStatus, type ExitCode, parseExitCode } from '@navarch/slurm/exit-code'
import type { HookEnvironment } from '@navarch/slurm/hook-environment'
import { expandHostlist } from '@navarch/slurm/hostlist'
import type { JobGpus } from './job-gpus.ts'
import type { JobIdentity } from './job-identity.ts'

/** An event on its way to the control plane, in the form of POST /v1/events. */
export type JobEventJson = ({ event: 'started' } & JobStartedEventJson) | ({ event: 'finished' } & JobFinishedEventJson)

/** What the agent adds to what a hook says. */
export interface StartDetails {
  /** The node that the hook ran on; undefined for hooks of slurmctld, which speak of the whole job. */
  node?: string
  /** ms since the epoch. */
  at: number
  gpus?: JobGpus
  cgroupPath?: string
}

/** The control plane refuses a whole event for one text that is longer. Users choose some of them. */
const longestName = 255
const longestText = 4096
const longestSluid = 64
const longestHostlist = 65_535
/** More nodes than this go as the hostlist that they came as. */
const mostNames = 64

/** The run that a hook speaks of; undefined when the environment is no hook's. */
export function identityOfHook(environment: HookEnvironment): JobIdentity | undefined {
  const jobId = environment['SLURM_JOB_ID'] || environment['SLURM_JOBID']
  if (jobId === undefined || !/^\d{1,10}$/.test(jobId)) return undefined
  const restart = wholeNumber(environment['SLURM_JOB_RESTART_COUNT'])
  const cluster = clipped(environment['SLURM_CLUSTER_NAME'], longestName)
  const sluid = clipped(environment['SLURM_JOB_SLUID'], longestSluid)
  return { jobId, ...(cluster && { cluster }), ...(restart !== undefined && { restart }), ...(sluid && { sluid }) }
}

/** The event of a prolog. What the version's environment does not have is left out. */
export function startedByHook(job: JobIdentity, environment: HookEnvironment, details: StartDetails): JobEventJson {
  const { node, gpus } = details
  const hostlist = environment['SLURM_JOB_NODELIST'] || environment['SLURM_NODELIST'] || ''
  const nodes = expandOrNone(hostlist)
  const cpus = node === undefined ? undefined : cpusOfNode(environment['SLURM_JOB_CPUS_PER_NODE'], nodes.indexOf(node))
  const text = (key: string, name: string, longest = longestName) =>
    environment[name] ? { [key]: clipped(environment[name], longest) } : {}
  const number = (key: string, name: string) => {
    const value = wholeNumber(environment[name])
    return value === undefined ? {} : { [key]: value }
  }
  return {
    event: 'started',
    ...identityJson(job),
    user: clipped(environment['SLURM_JOB_USER'] || environment['SLURM_JOB_UID'], longestName) ?? 'unknown',
    // All nodes of a job say which they are: a thousand of them need not say a thousand names each.
    node_list: nodes.length > mostNames ? [hostlist] : nodes.length > 0 ? nodes : node === undefined ? [] : [node],
    timestamp: new Date(details.at).toISOString(),
    ...(node !== undefined && { node }),
    ...(cpus !== undefined && { cpu_allocation: cpus }),
    ...(gpus && gpusJson(gpus)),
    ...(details.cgroupPath !== undefined && { cgroup_path: details.cgroupPath }),
    ...text('partition', 'SLURM_JOB_PARTITION'),
    ...text('account', 'SLURM_JOB_ACCOUNT'),
    ...text('name', 'SLURM_JOB_NAME', longestText),
    ...text('qos', 'SLURM_JOB_QOS'),
    ...text('work_dir', 'SLURM_JOB_WORK_DIR', longestText),
    ...number('array_job_id', 'SLURM_ARRAY_JOB_ID'),
    ...text('array_task_id', 'SLURM_ARRAY_TASK_ID', longestText),
    ...number('het_job_id', 'SLURM_HET_JOB_ID'),
    ...number('het_offset', 'SLURM_HET_JOB_OFFSET'),
    observed_by: 'hook',
  }
}

/** The event of a start with these GPUs in place of those that it names. */
export function withGpus(event: JobEventJson, gpus: JobGpus): JobEventJson {
  return event.event === 'started' ? { ...event, ...gpusJson(gpus) } : event
}

/** The event of an epilog. How the job ended is a wait status, which only versions from 22.05 tell on nodes. */
export function finishedByHook(
  job: JobIdentity,
  environment: HookEnvironment,
  details: { node?: string; at: number; usage?: NodeUsage },
): JobEventJson {
  const exit = exitOfHook(environment)
  return finished(job, { ...details, observedBy: 'hook', ...(exit && { exit }) })
}

/** The event of a job that no hook spoke of. */
export function startedByScan(
  job: JobIdentity,
  details: { node: string; at: number; user: string; cgroupPath?: string },
): JobEventJson {
  return {
    event: 'started',
    ...identityJson(job),
    user: details.user,
    // Which other nodes the job has, its own node does not know.
    node_list: [],
    timestamp: new Date(details.at).toISOString(),
    node: details.node,
    ...(details.cgroupPath !== undefined && { cgroup_path: details.cgroupPath }),
    observed_by: 'scan',
  }
}

/** The end of a job of which nothing is left and no hook spoke: how it ended is not known. */
export function finishedByScan(
  job: JobIdentity,
  details: { node: string; at: number; usage?: NodeUsage },
): JobEventJson {
  return finished(job, { ...details, observedBy: 'scan' })
}

function finished(
  job: JobIdentity,
  details: { node?: string; at: number; usage?: NodeUsage; exit?: ExitCode; observedBy: 'hook' | 'scan' },
): JobEventJson {
  const { node, exit, usage } = details
  return {
    event: 'finished',
    ...identityJson(job),
    // The control plane believes the exit status and Slurm, not this.
    final_state: exit && (exit.status !== 0 || exit.signal !== 0) ? 'failed' : 'completed',
    timestamp: new Date(details.at).toISOString(),
    ...(exit && { exit_code: exit.status }),
    ...(exit && exit.signal !== 0 && { signal: exit.signal }),
    ...(node !== undefined && { node }),
    ...(usage && { final_metrics: { ...usage } }),
    observed_by: details.observedBy,
  }
}

/** How the job ended by the hook's environment; undefined where it does not tell. */
function exitOfHook(environment: HookEnvironment): ExitCode | undefined {
  const raw = wholeNumber(environment['SLURM_JOB_EXIT_CODE'])
  if (raw !== undefined) return decodeWaitStatus(raw)
  try {
    return parseExitCode(environment['SLURM_JOB_EXIT_CODE2'] ?? '')
  } catch {
    return undefined
  }
}

/**
 * CPUs of one node by SLURM_JOB_CPUS_PER_NODE: "2(x3),1" is 2 on the first three nodes and 1 on the fourth.
 * @param index of the node in the job's list; -1 is not known
 */
export function cpusOfNode(text: string | undefined, index: number): number | undefined {
  if (!text || index < 0) return undefined
  let left = index
  for (const item of text.split(',')) {
    const match = /^(\d{1,6})(?:\(x(\d{1,6})\))?$/.exec(item)
    if (!match) return undefined
    left -= Number(match[2] ?? 1)
    if (left < 0) return Number(match[1])
  }
  return undefined
}

function identityJson({ jobId, cluster, restart, sluid }: JobIdentity) {
  return {
    job_id: jobId,
    ...(cluster !== undefined && { cluster }),
    ...(restart !== undefined && { restart }),
    ...(sluid !== undefined && { sluid }),
  }
}

function gpusJson({ count, vendor, devices, gpus }: JobGpus) {
  return {
    gpu_allocation: count,
    gpu_vendor: vendor,
    gpu_devices: [...devices],
    gpus: gpus.map(({ uuid, vendor, index, model, memoryTotalBytes, parentUuid }) => ({
      uuid,
      vendor,
      ...(index !== undefined && { index }),
      ...(model !== undefined && { model }),
      ...(memoryTotalBytes !== undefined && { memory_total_bytes: memoryTotalBytes }),
      ...(parentUuid !== undefined && { parent_uuid: parentUuid }),
    })),
  }
}

/** A text of at most so many characters, of which none is cut in two. */
function clipped(text: string | undefined, longest: number): string | undefined {
  return text ? text.slice(0, longest).replace(/[\uD800-\uDBFF]$/, '') : undefined
}

/** None where the list cannot be read: an event without its other nodes is more than none. */
function expandOrNone(hostlist: string): string[] {
  try {
    return hostlist.length > longestHostlist ? [] : expandHostlist(hostlist, 100_000)
  } catch {
    return []
  }
}

/** What is larger is no count of Slurm's, but a mark such as NO_VAL (0xfffffffe). */
function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined
}
