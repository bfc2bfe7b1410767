import { systemClock } from '@navarch/system/clock'
import { silentLog } from '@navarch/system/log'
import { createJobService } from '../src/services/jobs/create-job-service.ts'
import type { JobServiceDeps } from '../src/services/jobs/job-deps.ts'
import type { JobService } from '../src/services/jobs/job-service.ts'
import { createLiveUsages } from '../src/services/jobs/live-usages.ts'
import type { JobStore } from '../src/store/job-store.ts'

/** The real service over a store, on a fleet without findings. */
export function jobServiceOver(store: JobStore, deps: Partial<JobServiceDeps> = {}): JobService {
  let ids = 0
  return createJobService({
    store,
    live: createLiveUsages(),
    clock: systemClock,
    log: silentLog,
    newId: () => `id-${++ids}`,
    version: '0.1.0',
    cluster: () => 'default',
    findings: async () => [],
    nodeStates: () => [],
    dependency: () => undefined,
    conditions: () => [],
    ...deps,
  })
}

const refuse = () => Promise.reject(new Error('this store takes nothing'))

/** A store without jobs, that takes none. */
export const emptyJobStore: JobStore = {
  description: 'empty',
  apply: refuse,
  find: async () => [],
  list: async () => ({ runs: [], total: 0 }),
  open: async () => [],
  countByState: async () => ({ pending: 0, running: 0, completed: 0, failed: 0, cancelled: 0 }),
  totalRuns: async () => 0,
  audit: async () => [],
  addSamples: refuse,
  series: async () => [],
  maintain: async () => {},
  figures: async () => ({ bytes: 0, sampleValues: 0, waitingBatches: 0 }),
  close: async () => {},
}
