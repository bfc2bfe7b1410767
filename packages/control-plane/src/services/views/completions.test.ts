import { expect, it } from 'vitest'
import { slurmJob, snapshotOf } from '../../../test/slurm-snapshot.ts'
import { createCompletions } from './completions.ts'

const noon = Date.UTC(2026, 10, 21, 12)
const ended = (id: number, state: string, at: string, more: Record<string, string> = {}) =>
  slurmJob(id, state, { EndTime: `2026-11-21T${at}`, ...more })

it('counts each completed job of the last hour once, however often it is seen, and no other', () => {
  const completions = createCompletions()
  const finished = [
    ended(1, 'COMPLETED', '11:30:00'),
    ended(2, 'COMPLETED', '11:40:00', { Partition: 'dev' }),
    ended(2, 'COMPLETED', '11:50:00', { Partition: 'dev', Restarts: '1' }),
    ended(3, 'FAILED', '11:50:00'),
    ended(4, 'COMPLETED', '10:50:00'),
  ]
  const look = { ...snapshotOf(noon, []), finished }
  completions.look(look)
  completions.look(look)
  completions.add('1-r0', 'train', noon - 1_800_000)
  completions.add('9-r0', 'train', noon - 60_000)
  expect([...completions.byPartition(noon)]).toEqual([
    ['train', 2],
    ['dev', 2],
  ])
  expect([...completions.byPartition(noon + 45 * 60_000)]).toEqual([
    ['dev', 1],
    ['train', 1],
  ])
})
