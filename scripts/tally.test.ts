import { expect, test } from 'vitest'
import { addTallies, closingLine, emptyTally, groupSkips } from './tally.ts'
import { skipReason } from './vitest-tally.ts'

test('runs add up to one closing line', () => {
  const unit = { passed: 3, failed: 1, skipped: [] }
  const slurm = { passed: 2, failed: 0, skipped: [{ name: 'a', reason: 'not root' }] }
  expect(closingLine(addTallies(addTallies(emptyTally, unit), slurm))).toBe('5 passed, 1 failed, 1 skipped')
})

test.each([
  [
    'hosts (skipped: labs need root (uid 5); install munge) > boots',
    undefined,
    'labs need root (uid 5); install munge',
  ],
  ['hosts (skipped: labs need root)', undefined, 'labs need root'],
  ['real Slurm of this machine > is not tested: no usr/sbin/slurmd', undefined, 'no usr/sbin/slurmd'],
  ['runs a job', 'no mirror', 'no mirror'],
  ['runs a job', undefined, undefined],
])('the reason of %j with the note %j is %j', (name, note, reason) => {
  expect(skipReason(name, note)).toBe(reason)
})

test('skips are told once for each reason', () => {
  const skipped = [
    { name: 'a', reason: 'not root' },
    { name: 'b', reason: 'not root' },
    { name: 'c', reason: undefined },
  ]
  expect(groupSkips(skipped)).toEqual([
    { reason: 'not root', count: 2 },
    { reason: 'c: no reason given', count: 1 },
  ])
})
