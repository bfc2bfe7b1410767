import type { JobRequest } from './simulated-slurm/cluster.ts'

const hourMs = 3_600_000

/**
 * Jobs that wait for something else than nodes, as every queue has some: they never start, but for the tasks of an array, of which
 * so many run as may at once.
 * @param firstId of the first of them
 * @param taskMs how long a task of the array runs
 */
export function standingQueue(now: number, firstId: number, taskMs: number): JobRequest[] {
  const one = { partition: 'train', nodeCount: 1, gpusPerNode: 8, durationMs: hourMs }
  return [
    {
      ...{ ...one, name: 'ablation', user: 'grace', account: 'language', priority: 900, load: 'sweep' },
      ...{ gpusPerNode: 1, durationMs: taskMs, array: { first: 1, last: 400, most: 8 } },
    },
    {
      ...{ ...one, name: 'merge-checkpoints', user: 'grace', account: 'language', priority: 880 },
      waiting: { reason: 'Dependency', dependency: `afterok:${firstId}(unfulfilled)` },
    },
    {
      ...{ ...one, name: 'report', user: 'linus', account: 'language', priority: 860 },
      waiting: { reason: 'DependencyNeverSatisfied', dependency: `afterok:${firstId - 3}(failed)` },
    },
    {
      ...{ ...one, name: 'fold-proteome', user: 'mary', account: 'biology' },
      waiting: { reason: 'JobHeldUser' },
      priority: 0,
    },
    {
      ...{ ...one, name: 'lattice', user: 'niels', account: 'physics', nodeCount: 4, priority: 700 },
      waiting: { reason: 'QOSMaxGRESPerUser' },
    },
    {
      ...{ ...one, name: 'nightly-eval', user: 'ada', account: 'vision', priority: 500 },
      waiting: { reason: 'BeginTime', eligibleAt: now + 6 * hourMs },
    },
    {
      ...{ ...one, name: 'long-run', user: 'ada', account: 'vision', priority: 480 },
      ...{ timeLimitMs: 30 * 24 * hourMs, waiting: { reason: 'PartitionTimeLimit' } },
    },
    {
      ...{
        ...one,
        partition: 'dev',
        gpusPerNode: 2,
        name: 'demo-day',
        user: 'mary',
        account: 'biology',
        priority: 300,
      },
      waiting: { reason: 'Reservation' },
    },
  ]
}
