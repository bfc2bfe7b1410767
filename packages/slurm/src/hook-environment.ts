import { parseArrayTasks } from './array-tasks.ts'

/** Variables of a Prolog, Epilog or their slurmctld kin. */
export type HookEnvironment = Readonly<Record<string, string>>

/**
 * Reads `NAME=value` lines as `env` prints them. A line without a name belongs to the value before it, since a job's
 * comment may have line breaks.
 */
export function parseEnvironment(text: string): HookEnvironment {
  const environment: Record<string, string> = {}
  let last: string | undefined
  for (const line of text.replace(/\n$/, '').split('\n')) {
    const match = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(line)
    if (match) {
      last = match[1] ?? ''
      environment[last] = match[2] ?? ''
    } else if (last !== undefined) environment[last] += `\n${line}`
  }
  return environment
}

/** What a hook tells about its job, in every version. */
export interface HookJob {
  jobId: number
  /** The array and the task, for a task of an array. */
  array?: { jobId: number; task: number }
  hetJobId?: number
  name: string
  user: string
  partition: string
  /** As a hostlist; undefined in node hooks of versions before 23.02. */
  nodes?: string
  restarts: number
  /** e.g. "prolog_slurmd", "epilog_slurmctld". */
  context: string
}

/** The job of a hook's environment; undefined when the environment is not a hook's. */
export function hookJob(environment: HookEnvironment): HookJob | undefined {
  const jobId = Number(environment['SLURM_JOB_ID'])
  const context = environment['SLURM_SCRIPT_CONTEXT']
  if (!Number.isInteger(jobId) || jobId <= 0 || context === undefined) return undefined
  const job: HookJob = {
    jobId,
    name: environment['SLURM_JOB_NAME'] ?? '',
    user: environment['SLURM_JOB_USER'] ?? environment['SLURM_JOB_UID'] ?? '',
    partition: environment['SLURM_JOB_PARTITION'] ?? '',
    restarts: Number(environment['SLURM_JOB_RESTART_COUNT'] ?? 0),
    context,
  }
  const nodes = environment['SLURM_JOB_NODELIST']
  if (nodes !== undefined) job.nodes = nodes
  const arrayId = environment['SLURM_ARRAY_JOB_ID']
  const task = environment['SLURM_ARRAY_TASK_ID']
  if (arrayId && task && parseArrayTasks(task).count === 1) job.array = { jobId: Number(arrayId), task: Number(task) }
  const het = Number(environment['SLURM_HET_JOB_ID'] ?? 0)
  if (het > 0) job.hetJobId = het
  return job
}
