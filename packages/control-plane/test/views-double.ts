import { ServiceError } from '../src/services/service-error.ts'
import type { ViewService } from '../src/services/views/view-service.ts'

const nothing = async (): Promise<never> => {
  throw new ServiceError('unavailable', 'this double has no such view')
}

/** Views of a fleet without nodes. */
export const viewsDouble: ViewService = {
  overview: nothing,
  activity: async () => [],
  fleet: {
    full: async () => ({ text: '{"revision":1,"nodes":[]}', revision: 1 }),
    async *follow() {},
    followers: () => 0,
  },
  nodeStory: nothing,
  poolHistory: async (pool) => ({ pool, points: [], decisions: [] }),
  history: async () => ({ points: [] }),
  queue: nothing,
  slurm: nothing,
  search: async () => [],
}
