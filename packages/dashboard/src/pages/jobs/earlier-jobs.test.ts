import type { JobJson } from '@navarch/api/jobs'
import { expect, it } from 'vitest'
import { earlierJobs } from './earlier-jobs.ts'

it('a job is compared with those of its name that began before it, the newest first', () => {
  const job = (run_id: string, hour: number, name = 'sweep') =>
    ({ run_id, name, start_time: new Date(hour * 3_600_000).toISOString() }) as JobJson
  const own = job('5-r0', 5)
  const listed = earlierJobs([job('9-r0', 9), own, job('2-r0', 2), job('3-r0', 3), job('4-r0', 4, 'eval')], own)
  expect(listed.map(({ run_id }) => run_id)).toEqual(['3-r0', '2-r0'])
})

it('a job that waits is compared with all that began, and not with others that wait', () => {
  const job = (run_id: string, start_time: string | null) => ({ run_id, name: 'sweep', start_time }) as JobJson
  const own = job('5-r0', null)
  const listed = earlierJobs([own, job('6-r0', null), job('2-r0', '2026-01-01T00:00:00Z')], own)
  expect(listed.map(({ run_id }) => run_id)).toEqual(['2-r0'])
})
