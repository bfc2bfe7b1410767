import { expect, it } from 'vitest'
import { moodOfVerdict, shareOf, stateOfJob, waitingSentence } from './job-words.ts'

it('says Slurm’s word where it says more', () => {
  expect(stateOfJob({ state: 'failed', scheduler: { type: 'slurm', raw_state: 'OUT_OF_MEMORY' } })).toBe(
    'failed (OUT_OF_MEMORY)',
  )
  expect(stateOfJob({ state: 'running', scheduler: { type: 'slurm', raw_state: 'RUNNING' } })).toBe('running')
  expect(stateOfJob({ state: 'running' })).toBe('running')
})

it('is red for our hardware alone', () => {
  expect(moodOfVerdict('hardware')).toBe('act')
  expect(moodOfVerdict('code')).toBe('mending')
  expect(moodOfVerdict('none')).toBe('good')
})

it('makes no zero of what is not known', () => {
  expect(shareOf(undefined, 8)).toBeNull()
  expect(shareOf(4, undefined)).toBeNull()
  expect(shareOf(2, 8)).toBe(25)
})

it('says in the queue’s words why a job waits', () => {
  const job = { id: '1004' }
  expect(waitingSentence(job, { why: 'It is held.', waiting_seconds: 90 })).toBe(
    'Job 1004 waits, for 1m 30s now: It is held.',
  )
  expect(waitingSentence(job, { why: 'It is held.', waiting_seconds: null })).toBe('Job 1004 waits: It is held.')
})
