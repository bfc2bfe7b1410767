import type { TrackedJobRecord } from '@navarch/agent/jobs/tracked-job'
import type { SimulatedGpu } from '@navarch/gpu/simulated-gpus'
import { measure } from './seed-jobs.ts'
import type { JobRequest, SimulatedJob } from './simulated-slurm/cluster.ts'

const minuteMs = 60_000

/** A notebook that somebody left open before the demo began: it holds two GPUs and does nothing with them. */
export function forgottenNotebook(now: number): JobRequest {
  return {
    ...{ name: 'jupyter', user: 'niels', account: 'physics', partition: 'dev', node: 'dev-001' },
    ...{ nodeCount: 1, gpusPerNode: 2, load: 'idle', priority: 5000 },
    ...{ since: now - 52 * minuteMs, durationMs: 300 * minuteMs, timeLimitMs: 480 * minuteMs },
  }
}

/** Whether the job ran on the node before the demo, and has not been requeued since. */
export function ranBefore({ node, since, restarts }: SimulatedJob, host: string): boolean {
  return node === host && since !== undefined && restarts === 0
}

/**
 * What the agent of its node had counted of such a job until now, as an agent finds it that is started again.
 * @param gpus the node's, of which the job has the first
 */
export function countedBefore(
  job: SimulatedJob,
  gpus: readonly Pick<SimulatedGpu, 'uuid' | 'index'>[],
  now: number,
): TrackedJobRecord {
  const start = job.since ?? now
  const own = gpus
    .slice(0, job.gpusPerNode)
    .map(({ uuid, index }) => ({ uuid, index, vendor: 'nvidia' as const, model: 'NVIDIA H100 80GB HBM3' }))
  const { usage } = measure({ ...job, start, end: now }, own, () => 0)
  return {
    identity: { jobId: String(job.id), cluster: 'demo', restart: 0 },
    ...{ knownBy: 'hook', startedAt: start, gpus: own, base: {}, lastHost: {}, told: true },
    ...(usage && { usage }),
  }
}
