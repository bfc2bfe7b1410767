import type { HookEnvironment } from '@navarch/slurm/hook-environment'
import { type JobEventJson, withGpus } from './hook-event.ts'
import { gpusOfHook, gpuVariables, type JobGpus, type NodeGpus } from './job-gpus.ts'
import type { TrackedJob } from './tracked-job.ts'

/** What a job's prolog said of GPUs that nobody could name then, and the event that was sent without them. */
export interface UnnamedGpus {
  environment: HookEnvironment
  event: JobEventJson
}

/**
 * Remembers a job whose prolog ran before the GPUs of its node could be looked at: after a boot the driver takes its time.
 * @param gpus what could be named at the prolog
 */
export function rememberUnnamed(
  job: TrackedJob,
  environment: HookEnvironment,
  gpus: JobGpus,
  event: JobEventJson,
): void {
  if (gpus.gpus.length >= gpus.count) return void delete job.unnamedGpus
  const names = [...gpuVariables, 'SLURM_CONF']
  const kept = Object.entries(environment).filter(([name]) => names.includes(name))
  job.unnamedGpus = { environment: Object.fromEntries(kept), event }
}

/**
 * Names GPUs of a running job that could not be named at its start.
 * @returns the event that completes the job's start; undefined when no more of them is known than before
 */
export function nameGpus(job: TrackedJob, node: NodeGpus): JobEventJson | undefined {
  const { unnamedGpus } = job
  if (!unnamedGpus) return undefined
  const gpus = gpusOfHook(unnamedGpus.environment, node)
  if (gpus.gpus.length <= job.gpus.length) return undefined
  job.gpus = gpus.gpus
  if (gpus.gpus.length >= gpus.count) delete job.unnamedGpus
  return withGpus(unnamedGpus.event, gpus)
}
