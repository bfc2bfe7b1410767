import { describe, expect, it } from 'vitest'
import { diag } from '../../test/slurm-snapshots.ts'
import { rpcShare } from './own-cost.ts'

const costs = ['squeue', 'scontrol show nodes', 'sdiag'].map((command) => ({ command, tookMs: 10, bytes: 100 }))
const looked = (rpcs: Parameters<typeof diag>[0]) => ({ costs, diag: diag(rpcs) })

describe("the share of a look in slurmctld's time", () => {
  it("is that of as many RPCs as the look's commands send", () => {
    const before = looked({
      REQUEST_JOB_INFO: [10, 1000],
      REQUEST_NODE_INFO: [10, 1000],
      REQUEST_SUBMIT_BATCH_JOB: [1, 500],
    })
    // Since then: 4 questions about jobs in 4 ms, of which one is ours; one about nodes, ours, in 2 ms; 14 ms for a job.
    const now = looked({
      REQUEST_JOB_INFO: [14, 5000],
      REQUEST_NODE_INFO: [11, 3000],
      REQUEST_SUBMIT_BATCH_JOB: [2, 14_500],
    })
    expect(rpcShare(before, now)).toEqual({ seconds: 0.003, share: 0.15 })
  })

  it('is not known at the first look, without sdiag, and when the counters were reset in between', () => {
    const now = looked({ REQUEST_JOB_INFO: [14, 5000] })
    expect(rpcShare(undefined, now)).toBeUndefined()
    expect(rpcShare({ costs }, now)).toBeUndefined()
    expect(rpcShare(now, { costs })).toBeUndefined()
    expect(rpcShare({ ...now, diag: { ...now.diag, since: now.diag.since - 1000 } }, now)).toBeUndefined()
  })

  it('has no share where nothing was asked', () => {
    const now = looked({ REQUEST_JOB_INFO: [14, 5000] })
    expect(rpcShare(now, now)).toEqual({ seconds: 0 })
  })
})
