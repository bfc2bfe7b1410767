import { describe, expect, it } from 'vitest'
import { judgeFreshness } from './freshness.tsx'

const at = Date.parse('2026-01-01T00:00:00Z')
const fleet = {
  connection: 'live' as const,
  heardAt: at,
  clockOffset: 0,
  problem: '',
  freshness: { slurm_at: '2026-01-01T00:00:00Z', slurm_every: 15, slurm_problem: null, now: '2026-01-01T00:00:00Z' },
}

describe('how fresh the page is', () => {
  it.each([
    [0, 'good', '0 s ago'],
    [29, 'good', '29 s ago'],
    [31, 'mending', 'Slurm 31 s ago'],
    [76, 'act', 'Slurm 1 min ago'],
  ])('%d s after the last look: %s', (seconds, tone, text) => {
    expect(judgeFreshness(fleet, at + seconds * 1000)).toMatchObject({ tone, text })
  })
  it('says why Slurm is not seen', () => {
    const unseen = { ...fleet.freshness, slurm_at: null, slurm_problem: 'squeue: Unable to contact slurm controller' }
    expect(judgeFreshness({ ...fleet, freshness: unseen }, at)).toMatchObject({
      tone: 'act',
      why: unseen.slurm_problem,
    })
  })
  it('is red while nothing is heard, with the age of what is shown', () => {
    const lost = { ...fleet, connection: 'lost' as const, problem: 'the control plane cannot be reached' }
    expect(judgeFreshness(lost, at + 5000)).toEqual({
      tone: 'act',
      text: 'not connected, 5 s ago',
      why: 'the control plane cannot be reached; trying again',
    })
  })
  it('needs no Slurm', () => {
    expect(judgeFreshness({ ...fleet, freshness: undefined }, at)).toMatchObject({ tone: 'good', text: 'live' })
  })
})
