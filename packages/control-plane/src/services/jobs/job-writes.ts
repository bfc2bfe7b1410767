import { isReservedId, normalizeJobId, runId } from '@navarch/core/job/identity'
import type { JobDoc } from '@navarch/core/job/job-doc'
import type { JobCreated, JobEvent, Origin, SlurmJobFacts } from '@navarch/core/job/job-event'
import { withoutUndefined } from '@navarch/slurm/fields'
import type { z } from 'zod'
import { ServiceError } from '../service-error.ts'
import { hostsOfList } from './hosts-of-list.ts'
import { applyEvents, findRuns, guarded, type JobServiceDeps } from './job-deps.ts'
import type { JobReads, JobWrites } from './job-service.ts'
import { sampleOfRecord } from './metric-samples.ts'
import type { schedulerInfo } from './request-schemas.ts'
import { formatTime, parseTime } from './rfc3339.ts'

/** Changes that people and programs make by hand. @param reads shows what came of them */
export function createJobWrites(deps: JobServiceDeps, reads: Pick<JobReads, 'get'>): JobWrites {
  const { clock, log, store } = deps

  const base = (origin: Origin, { cluster, jobId, restart }: Pick<JobDoc, 'cluster' | 'jobId' | 'restart'>) => {
    const now = clock.now()
    return { job: { cluster, jobId, restart }, at: now, receivedAt: now, origin }
  }

  async function apply(events: readonly JobEvent[]): Promise<void> {
    for (const { status, message } of await applyEvents(deps, events)) {
      if (status === 'conflict') throw new ServiceError('conflict', message)
      if (status === 'not-found') throw new ServiceError('not_found', message)
    }
  }

  return {
    async create({ id, user, nodes, scheduler }, origin) {
      const jobId = normalizeJobId(id)
      if (isReservedId(jobId)) {
        throw new ServiceError(
          'invalid',
          `body: id ${JSON.stringify(id)} would name a part of another job: use another`,
        )
      }
      const now = clock.now()
      const { schedulerType, ...facts } = scheduler ? schedulerFacts(scheduler) : {}
      await apply([
        {
          kind: 'created',
          job: { cluster: deps.cluster(), jobId },
          at: now,
          receivedAt: now,
          origin,
          user,
          nodes: hostsOfList(nodes, 'body: nodes'),
          schedulerType: schedulerType ?? 'slurm',
          ...facts,
        },
      ])
      return reads.get(jobId)
    },

    async update(id, { state, cpu_usage, memory_usage_mb, gpu_usage }, origin) {
      const [run] = await findRuns(deps, id)
      const change = withoutUndefined({
        state,
        cpuUsage: cpu_usage,
        memoryUsageMb: memory_usage_mb,
        gpuUsage: gpu_usage,
      })
      if (Object.keys(change).length > 0) await apply([{ kind: 'changed', ...base(origin, run), change }])
      return reads.get(runId(run))
    },

    async remove(id, origin) {
      const runs = await findRuns(deps, id)
      await apply(runs.map((run) => ({ kind: 'deleted', ...base(origin, run) })))
    },

    async record(id, { cpu_usage, memory_usage_mb, gpu_usage }) {
      const [run] = await findRuns(deps, id)
      const at = clock.now()
      const sample = withoutUndefined({ at, cpuPercent: cpu_usage, memoryMb: memory_usage_mb, gpuPercent: gpu_usage })
      const { cluster, jobId, restart } = run
      const batch = { run: { cluster, jobId, restart }, node: '', samples: [sampleOfRecord(sample)] }
      await guarded(log, () => store.addSamples([batch]))
      return withoutUndefined({ timestamp: formatTime(at), cpu_usage, memory_usage_mb, gpu_usage })
    },
  }
}

/** What the creator says of the scheduler's side. What has no field of its own is kept in `extra`. */
function schedulerFacts(info: z.output<typeof schedulerInfo>): Pick<JobCreated, 'schedulerType' | 'facts' | 'extra'> {
  const facts = withoutUndefined<Partial<SlurmJobFacts>>({
    state: info.raw_state,
    reason: info.state_reason,
    exit: info.exit_code === undefined ? undefined : { status: info.exit_code, signal: 0 },
    submitTime: info.submit_time === undefined ? undefined : parseTime(info.submit_time),
    partition: info.partition,
    account: info.account,
    qos: info.qos,
    priority: info.priority,
    timeLimitMinutes: info.time_limit_minutes,
  })
  const extra = withoutUndefined({ ...info.extra, external_job_id: info.external_job_id })
  return {
    schedulerType: info.type,
    ...(Object.keys(facts).length > 0 && { facts }),
    ...(Object.keys(extra).length > 0 && { extra }),
  }
}
