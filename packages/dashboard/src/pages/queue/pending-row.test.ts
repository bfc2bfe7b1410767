import type { PendingJobJson } from '@navarch/api/views'
import { describe, expect, it } from 'vitest'
import { jobIdOf, rowOfJob } from './pending-row.ts'

describe('a row of the queue', () => {
  it.each([
    ['1001', '1001'],
    ['1001_7', '1001_7'],
    ['1001_[9-40%8]', '1001'],
    ['1001+2', '1001+2'],
  ])('%s leads to the job %s', (row, job) => expect(jobIdOf(row)).toBe(job))

  it('is found by its job, also as a task of an array', () => {
    const rows = ['1000', '1001_[9-40%8]', '1002'].map((id) => ({ id }) as PendingJobJson)
    expect(rowOfJob(rows, { id: '1002' })?.id).toBe('1002')
    expect(rowOfJob(rows, { id: '1001', array_job_id: 1001 })?.id).toBe('1001_[9-40%8]')
    expect(rowOfJob(rows, { id: '1001_12', array_job_id: 1001 })?.id).toBe('1001_[9-40%8]')
    expect(rowOfJob(rows, { id: '1009' })).toBeUndefined()
  })
})
