import { expect, test } from 'vitest'
import { isOurReason, reasonOwner } from './reason-owner.ts'

test.each([
  ['navarch: XID 79', 'ours'],
  ['NAVARCH: verifying', 'ours'],
  ['Navarch: GPU health failure', 'ours'],
  ['Not responding', 'slurm'],
  ['Kill task failed', 'slurm'],
  ['gres/gpu count reported lower than configured (4 < 8)', 'slurm'],
  ['bad fan | slot=3, GPU 5', 'person'],
  ['ask navarch: about it', 'person'],
  ['none', 'nobody'],
  [undefined, 'nobody'],
])('the reason "%s" is %s', (reason, owner) => {
  expect(reasonOwner(reason)).toBe(owner)
  expect(isOurReason(reason)).toBe(owner === 'ours')
})
