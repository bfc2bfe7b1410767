import { openStores, type StoresOptions } from '@navarch/control-plane/store/open-stores'
import type { Change } from '@navarch/control-plane/store/store'
import type { DemoPlan } from './demo-config.ts'
import { firstEvents, pastFaults, type SeededPool, traceOfFault } from './seed-day.ts'
import { pastJobs, traceOfJob } from './seed-jobs.ts'
import { pastTimeline, sizeEvents } from './seed-timeline.ts'
import { createRandom } from './simulated-slurm/random.ts'

/** Jobs that ran in the day before the demo. */
const jobCount = 180
/** Ids of the jobs of before; those of the demo come after them. */
const firstPastJob = 701

export interface SeedOptions {
  dataDir: string
  plan: DemoPlan
  now: number
  effects: StoresOptions['effects']
}

/**
 * Gives the demo a day of past, through the store that the control plane then opens: figures, faults and how they were mended,
 * jobs with their readings. Everything made up here is marked: operations and findings are called `demo-day`, jobs are changed
 * by `demo`, and the first event says so.
 * @returns the number of the last event that was made up
 */
export async function seedHistory({ dataDir, plan, now, effects }: SeedOptions): Promise<number> {
  const random = createRandom(7)
  const pools: SeededPool[] = plan.config.pools.map(({ name, minNodes, maxNodes }) => ({
    name,
    minNodes,
    maxNodes,
    nodes: Array.from({ length: minNodes }, (_, index) => `${name}-${String(index + 1).padStart(3, '0')}`),
  }))
  const faults = pastFaults(pools, now, random)
  const traces = faults.map(traceOfFault)
  const note = {
    at: now - 24 * 3_600_000,
    type: 'note',
    message: `what is before ${new Date(now).toISOString()} was made up for this demo`,
  }
  const events = [
    ...[note, ...firstEvents(pools, now)],
    ...traces.flatMap((trace) => trace.events),
    ...pools.flatMap((pool) => sizeEvents(pool, now)),
  ]
  const changes: Change[] = [
    ...events
      .sort((a, b) => a.at - b.at)
      .map((event, index): Change => {
        const blank = { pool: '', node: '', operation: '' }
        return { kind: 'event', event: { ...blank, ...event, seq: index + 1 } }
      }),
    ...traces.map(({ finding }): Change => ({ kind: 'finding', finding })),
    ...traces.flatMap(({ operation }): Change[] => (operation ? [{ kind: 'operation', operation }] : [])),
  ]
  const jobs = pastJobs(pools, faults, { now, firstId: firstPastJob, count: jobCount, random }).map((job) => ({
    job,
    ...traceOfJob(job, random),
  }))
  const stores = await openStores({ dataDir, productVersion: 'demo', effects })
  try {
    await stores.fleet.commit(changes)
    await stores.fleet.addTimeline(pastTimeline(pools, faults, now, random))
    await stores.jobs.apply(jobs.flatMap(({ events }) => events))
    for (const { job, samples } of jobs) {
      const run = { cluster: 'demo', jobId: String(job.id), restart: 0 }
      await stores.jobs.addSamples([...samples].map(([node, points]) => ({ run, node, samples: points })))
    }
    return events.length
  } finally {
    await stores.close()
  }
}
