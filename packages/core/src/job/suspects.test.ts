import { describe, expect, it } from 'vitest'
import { after, failedView, slurmSays as slurm, usage, verdictOf, xid } from '../../test/job-builders.ts'
import type { Finding } from '../health/finding.ts'
import type { ReportInput } from './job-report.ts'

const end = 3600
const down = (at?: number, state = 'DOWN*') => [
  { node: 'gpu-17', state, reason: 'Not responding', ...(at !== undefined && { at }) },
]

type Expected = [sentence: string, cause: string, confidence: string]
const table = (rows: [name: string, over: Partial<ReportInput>, ...expected: Expected][]) =>
  it.each(rows)('%s', (_, over, ...expected) => {
    expect(verdictOf(over)).toEqual(expected)
  })

describe('our hardware', () => {
  const failed = { view: failedView() }
  table([
    [
      'is certain when a GPU of the job fails seconds before the end',
      { ...failed, findings: [xid(79, after(end - 4))] },
      'Job 812 failed on gpu-17: XID 79 (GPU has fallen off the bus) on GPU 3 at 14:59:56 UTC, 4 s before the job ended; this was our hardware.',
      'hardware',
      'certain',
    ],
    [
      'is likely when the job took minutes to give up',
      { ...failed, findings: [xid(48, after(end - 600))] },
      'Job 812 failed on gpu-17: XID 48 (Double Bit ECC Error) on GPU 3 at 14:50:00 UTC, 10 min before the job ended; this was likely our hardware.',
      'hardware',
      'likely',
    ],
    [
      'is the memory of a GPU, too, where the driver contained the error to the program',
      { ...failed, findings: [xid(94, after(end - 1))] },
      'Job 812 failed on gpu-17: XID 94 (Contained memory error) on GPU 3 at 14:59:59 UTC, 1 s before the job ended; this was our hardware.',
      'hardware',
      'certain',
    ],
    [
      'is the fabric, where NVLink failed',
      { ...failed, findings: [xid(74, after(end - 2))] },
      'Job 812 failed on gpu-17: XID 74 (NVLINK Error) on GPU 3 at 14:59:58 UTC, 2 s before the job ended; this was our NVLink fabric.',
      'hardware',
      'certain',
    ],
    [
      'outweighs what follows from it on the program side',
      { ...failed, findings: [xid(31, after(end - 3)), xid(79, after(end - 4)), xid(45, after(end - 2))] },
      'Job 812 failed on gpu-17: XID 79 (GPU has fallen off the bus) on GPU 3 at 14:59:56 UTC, 4 s before the job ended; this was our hardware.',
      'hardware',
      'certain',
    ],
    [
      'is no more than likely where nobody knows which GPUs the job had',
      {
        view: failedView({ gpus: [] }),
        usage: { 'gpu-17': usage({ gpus: [] }) },
        findings: [xid(79, after(end - 4))],
      },
      'Job 812 failed on gpu-17: XID 79 (GPU has fallen off the bus) on GPU 3 at 14:59:56 UTC, 4 s before the job ended; this was likely our hardware.',
      'hardware',
      'likely',
    ],
    [
      'is not to blame when the GPU was not the job’s',
      { ...failed, findings: [xid(79, after(end - 4), { gpuUuid: 'GPU-9', gpuIndex: 9 })] },
      'Job 812 exited with status 1 on gpu-17; nothing on its nodes explains that, so its own output should.',
      'code',
      'likely',
    ],
    [
      'is a doubt when the fault came after the end',
      { ...failed, findings: [xid(79, after(end + 60))] },
      'Job 812 exited with status 1 on gpu-17; nothing on its nodes explains that, so its own output should; but XID 79 (GPU has fallen off the bus) on GPU 3 of gpu-17 at 15:01:00 UTC, 60 s after the job ended, may have had a part.',
      'code',
      'possible',
    ],
    [
      'is no suspect for a job without GPUs',
      {
        view: failedView({ gpus: [], gpuVendor: 'none', allocated: { cpus: 8 } }),
        usage: { 'gpu-17': usage({ gpus: [] }) },
        findings: [xid(79, after(end - 4))],
      },
      'Job 812 exited with status 1 on gpu-17; nothing on its nodes explains that, so its own output should.',
      'code',
      'likely',
    ],
    [
      'is likely when Slurm says NODE_FAIL and no more',
      { view: slurm('NODE_FAIL') },
      'Job 812 lost its node gpu-17: Slurm says NODE_FAIL; this was likely our hardware or network, and not the program.',
      'hardware',
      'likely',
    ],
    [
      'is likely when Slurm gave up on the node',
      { view: slurm('NODE_FAIL'), nodeStates: down(after(end)) },
      'Job 812 lost its node gpu-17: Slurm called gpu-17 DOWN* (Not responding) at 15:00:00 UTC, as the job ended; this was likely our hardware or network.',
      'hardware',
      'likely',
    ],
    [
      'is certain when Slurm says NODE_FAIL and the node told of a fault',
      { view: slurm('NODE_FAIL'), findings: [xid(79, after(end - 310))] },
      'Job 812 lost its node gpu-17: XID 79 (GPU has fallen off the bus) on GPU 3 at 14:54:50 UTC, 5 min before the job ended; this was our hardware.',
      'hardware',
      'certain',
    ],
    [
      'made the job hang until its time limit',
      { view: slurm('TIMEOUT', { timeLimitMinutes: 60 }), findings: [xid(79, after(end - 2580))] },
      'Job 812 ran into its time limit of 1 h after XID 79 (GPU has fallen off the bus) on GPU 3 of gpu-17 at 14:17:00 UTC, 43 min before the job ended: it likely hung on our hardware.',
      'hardware',
      'likely',
    ],
    [
      'is what a run was queued again for',
      { view: slurm('REQUEUED', { state: 'cancelled' }), findings: [xid(79, after(end - 4))] },
      'Run 1 of job 812 was queued again: XID 79 (GPU has fallen off the bus) on GPU 3 of gpu-17 at 14:59:56 UTC, 4 s before the job ended; this was our hardware.',
      'hardware',
      'certain',
    ],
  ])

  it('is not blamed for what slows a GPU only, nor for a drained node', () => {
    const slow: Finding = { ...xid(79, after(end - 4)), code: 'thermal-slowdown', message: 'heat' }
    expect(verdictOf({ ...failed, findings: [slow] })[1]).toBe('code')
    expect(verdictOf({ ...failed, nodeStates: down(after(end - 4), 'IDLE+DRAIN') })[1]).toBe('code')
  })
})
