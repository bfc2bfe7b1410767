import type { JobServiceDeps } from './job-deps.ts'
import { createJobEvents } from './job-events.ts'
import { createJobReads } from './job-reads.ts'
import type { JobService } from './job-service.ts'
import { createJobWrites } from './job-writes.ts'
import { formatTime } from './rfc3339.ts'

export function createJobService(deps: JobServiceDeps): JobService {
  const { clock, conditions, version } = deps
  const reads = createJobReads(deps)
  return {
    ...createJobEvents(deps),
    ...reads,
    ...createJobWrites(deps, reads),
    health() {
      const details = [...conditions()]
      const status = details.length === 0 ? 'healthy' : 'degraded'
      return { status, timestamp: formatTime(clock.now()), version, ...(details.length > 0 && { details }) }
    },
  }
}
