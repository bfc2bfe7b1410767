import { guarded, type JobServiceDeps } from './job-deps.ts'
import { createJobEvents } from './job-events.ts'
import { createJobReads } from './job-reads.ts'
import type { JobService } from './job-service.ts'
import { createJobWrites } from './job-writes.ts'
import { formatTime } from './rfc3339.ts'

export function createJobService(deps: JobServiceDeps): JobService {
  const { clock, conditions, log, store, version } = deps
  const reads = createJobReads(deps)
  return {
    ...createJobEvents(deps),
    ...reads,
    ...createJobWrites(deps, reads),
    async health() {
      const broken = await guarded(log, () => store.totalRuns()).then(
        () => [],
        (error: Error) => [error.message],
      )
      const details = [...broken, ...conditions()]
      const status = broken.length > 0 ? 'unhealthy' : details.length > 0 ? 'degraded' : 'healthy'
      return { status, timestamp: formatTime(clock.now()), version, ...(details.length > 0 && { details }) }
    },
  }
}
