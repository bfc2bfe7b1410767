import { createManualClock } from '@navarch/system/manual-clock'
import { expect, it } from 'vitest'
import { memoryFleet } from '../../../test/memory-fleet.ts'
import { slurmJob, snapshotOf } from '../../../test/slurm-snapshot.ts'
import { freshnessJson, type SlurmSight } from './freshness.ts'
import { queueOf } from './queue-view.ts'

async function queue(sight: SlurmSight, filter = {}) {
  const clock = createManualClock()
  const { fleet } = await memoryFleet(clock.now)
  const freshness = () => freshnessJson(sight, 5_000, clock.now())
  const noPools = { poolViews: async () => new Map(), awaitsApproval: () => false }
  return queueOf({ clock, fleet, sight: () => sight, freshness, ...noPools }, filter)
}

const seen = (jobs: ReturnType<typeof slurmJob>[]): SlurmSight => ({
  ...{ state: 'fresh', snapshot: snapshotOf(0, [], jobs), problem: undefined },
})

it.each([
  ['1-00:00:00', 86_400, false],
  ['UNLIMITED', null, true],
  ['Partition_Limit', null, false],
  ['NOT_SET', null, false],
])(
  'a job whose time limit Slurm shows as %s has a limit of %j s, and is without one: %j',
  async (limit, seconds, unlimited) => {
    const { jobs } = await queue(seen([slurmJob(7, 'PENDING', { TimeLimit: limit })]))
    expect(jobs).toMatchObject([{ id: '7', time_limit_seconds: seconds, unlimited }])
  },
)

it('jobs are found by what keeps them waiting, and by Slurm’s own word', async () => {
  const held = slurmJob(1, 'PENDING', { Reason: 'JobHeldUser' })
  const waiting = slurmJob(2, 'PENDING', { Reason: 'Resources' })
  for (const reason of ['held', 'JobHeldUser']) {
    expect((await queue(seen([held, waiting]), { reason })).jobs.map(({ id }) => id)).toEqual(['1'])
  }
})

it('is not known while Slurm is not seen', async () => {
  const sight: SlurmSight = { state: 'stale', snapshot: snapshotOf(0, []), problem: 'Slurm was last seen 5 min ago' }
  expect(await queue(sight)).toMatchObject({ summary: null, total: null, jobs: [] })
})
