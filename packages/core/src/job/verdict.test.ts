import { describe, expect, it } from 'vitest'
import { after, failedView, gpu, slurmSays as slurm, usage, verdictOf, view, xid } from '../../test/job-builders.ts'
import type { ReportInput } from './job-report.ts'

const gib = 2 ** 30
const end = 3600

type Expected = [sentence: string, cause: string, confidence: string]
const table = (rows: [name: string, over: Partial<ReportInput>, ...expected: Expected][]) =>
  it.each(rows)('%s', (_, over, ...expected) => {
    expect(verdictOf(over)).toEqual(expected)
  })

describe('a job that nothing went wrong with', () => {
  const running = view({ state: 'running', rawState: 'RUNNING', confirmed: false, endTime: undefined as never })
  delete running.endTime
  delete running.exit
  table([
    [
      'waits, and for what',
      { view: view({ state: 'pending', rawState: 'PENDING', stateReason: 'Resources' }) },
      'Job 812 waits: it is next, and waits until enough nodes, CPUs, memory or GPUs are free (Resources).',
      'none',
      'certain',
    ],
    [
      'is held by its user',
      { view: view({ state: 'pending', rawState: 'PENDING', stateReason: 'JobHeldUser' }) },
      'Job 812 waits: its user holds it (JobHeldUser).',
      'none',
      'certain',
    ],
    [
      'waits for another job, and for which',
      {
        view: view({
          ...{ state: 'pending', rawState: 'PENDING', stateReason: 'Dependency' },
          dependency: 'afterok:811(unfulfilled)',
        }),
      },
      'Job 812 waits: it waits for another job to end: afterok:811(unfulfilled) (Dependency).',
      'none',
      'certain',
    ],
    [
      'waits for what only Slurm knows',
      { view: view({ state: 'pending', rawState: 'PENDING', stateReason: 'BrandNewReason' }) },
      'Job 812 waits: Slurm says "BrandNewReason".',
      'none',
      'certain',
    ],
    [
      'waits, and nobody told for what',
      { view: view({ state: 'pending', rawState: 'PENDING' }) },
      'Job 812 waits for its start.',
      'none',
      'certain',
    ],
    ['runs', { view: running }, 'Job 812 runs on gpu-17 since 2026-11-21 14:00:00 UTC.', 'none', 'certain'],
    ['completed', {}, 'Job 812 completed on gpu-17 in 1 h.', 'none', 'certain'],
    [
      'ended, nobody knows how',
      { view: (({ exit: _, ...known }) => known)(view({ confirmed: false })) },
      "Job 812 ended on gpu-17; neither its exit status nor Slurm's word is known.",
      'unknown',
      'possible',
    ],
    [
      'completed, but its results should be checked',
      { findings: [xid(48, after(1800))] },
      'Job 812 completed on gpu-17 in 1 h, although there was XID 48 (Double Bit ECC Error) on GPU 3 of gpu-17 at 14:30:00 UTC, 30 min before the job ended: check its results.',
      'none',
      'certain',
    ],
    [
      'runs on a GPU that is gone',
      { view: running, findings: [xid(79, after(1800))] },
      'Job 812 still runs on gpu-17, but it may hang or fail: XID 79 (GPU has fallen off the bus) on GPU 3 of gpu-17 at 2026-11-21 14:30:00 UTC; this is our hardware.',
      'hardware',
      'likely',
    ],
  ])
})

describe('a limit', () => {
  const killed = usage({ oomKills: 1, memoryMaxBytes: 7 * gib, memoryPeakBytes: 8 * gib, memoryLimitBytes: 8 * gib })
  table([
    [
      'of memory, by Slurm’s word',
      { view: slurm('OUT_OF_MEMORY', { exit: { status: 0, signal: 125 } }), usage: { 'gpu-17': killed } },
      'Job 812 ran out of memory on gpu-17: 8 GiB of 8 GiB used, 1 process killed; ask for more with --mem.',
      'limit',
      'certain',
    ],
    [
      'of memory, where nobody measured',
      { view: slurm('OUT_OF_MEMORY'), usage: {} },
      'Job 812 ran out of memory on gpu-17: Slurm says so, and nobody could measure how much it used; ask for more with --mem.',
      'limit',
      'certain',
    ],
    [
      'of memory, by the kernel’s count alone',
      { view: failedView({ exit: { status: 137, signal: 0 } }), usage: { 'gpu-17': killed } },
      'Job 812 failed after memory ran out on gpu-17: 8 GiB of 8 GiB used, 1 process killed; ask for more with --mem.',
      'limit',
      'certain',
    ],
    [
      'of memory, most likely, when it was nearly full as signal 9 came',
      {
        view: failedView({ exit: { status: 0, signal: 9 } }),
        usage: { 'gpu-17': usage({ memoryMaxBytes: 63 * gib }) },
      },
      'Job 812 was ended by signal 9 (SIGKILL) while its memory on gpu-17 was nearly full: most likely it ran out; ask for more with --mem.',
      'limit',
      'likely',
    ],
    [
      'of time',
      { view: slurm('TIMEOUT', { timeLimitMinutes: 60 }) },
      'Job 812 reached its time limit of 1 h; ask for more with --time.',
      'limit',
      'certain',
    ],
    [
      'of time, perhaps because it hung',
      {
        view: slurm('TIMEOUT', { timeLimitMinutes: 60 }),
        usage: { 'gpu-17': usage({ gpus: [gpu({ idleSeconds: 2520 })] }) },
      },
      'Job 812 reached its time limit of 1 h; its GPUs did nothing for the last 42 min, so it may have hung; otherwise ask for more with --time.',
      'limit',
      'certain',
    ],
    [
      'of time, most likely, before Slurm has said so',
      { view: failedView({ confirmed: false, exit: { status: 0, signal: 15 }, timeLimitMinutes: 60 }) },
      'Job 812 was ended by signal 15 (SIGTERM) on gpu-17 when its time limit of 1 h was over; ask for more with --time.',
      'limit',
      'likely',
    ],
    [
      'that a deadline is',
      { view: slurm('DEADLINE') },
      'Job 812 was ended on gpu-17 because its deadline came (--deadline).',
      'limit',
      'certain',
    ],
    [
      'on the size of files',
      { view: failedView({ exit: { status: 0, signal: 25 } }) },
      'Job 812 was ended by signal 25 (SIGXFSZ) on gpu-17; a limit on the size of a file (ulimit -f).',
      'limit',
      'likely',
    ],
  ])
})

describe('the code', () => {
  table([
    [
      'left its status and its output',
      { view: failedView({ stdout: '/home/alice/slurm-812.out' }) },
      'Job 812 exited with status 1 on gpu-17; nothing on its nodes explains that, so its own output (/home/alice/slurm-812.out) should.',
      'code',
      'likely',
    ],
    [
      'may be to blame where nobody watched the nodes',
      { view: failedView(), usage: {} },
      'Job 812 exited with status 1 on gpu-17; nobody could look at its nodes, its own output may say why.',
      'code',
      'possible',
    ],
    [
      'crashed',
      { view: failedView({ exit: { status: 0, signal: 11 } }) },
      'Job 812 crashed with signal 11 (SIGSEGV) on gpu-17; nothing on its nodes explains that, so its own output should.',
      'code',
      'likely',
    ],
    [
      'called a program that is not there',
      { view: failedView({ exit: { status: 127, signal: 0 } }) },
      'Job 812 exited with status 127 on gpu-17; that is what a shell says of a command that is not found.',
      'code',
      'likely',
    ],
    [
      'has a process that crashed',
      { view: failedView({ exit: { status: 139, signal: 0 } }) },
      'Job 812 exited with status 139: a process of it crashed with signal 11 (SIGSEGV) on gpu-17; nothing on its nodes explains that, so its own output should.',
      'code',
      'likely',
    ],
    ...([13, 31] as const).map((code): [string, Partial<ReportInput>, ...Expected] => [
      `made an illegal access on a GPU (XID ${code})`,
      { view: failedView(), findings: [xid(code, after(end - 1))] },
      `Job 812 failed on gpu-17: ${code === 13 ? 'XID 13 (Graphics Engine Exception)' : 'XID 31 (GPU memory page fault)'} on GPU 3 at 14:59:59 UTC, 1 s before the job ended; this is most likely a fault of the program, not of the GPU.`,
      'code',
      'likely',
    ]),
  ])

  it('is not blamed for XID 43 or 45 when somebody killed it', () => {
    const findings = [xid(43, after(end)), xid(45, after(end))]
    expect(verdictOf({ view: failedView({ exit: { status: 0, signal: 9 } }), findings })[1]).toBe('unknown')
    expect(verdictOf({ view: failedView(), findings })[1]).toBe('code')
  })
})

describe('somebody', () => {
  table([
    [
      'sent signal 9, since nothing else did',
      { view: failedView({ exit: { status: 0, signal: 9 } }) },
      'Job 812 was ended by signal 9 (SIGKILL) on gpu-17; Slurm names no limit and the kernel killed nothing for lack of memory: somebody or one of its own programs most likely sent the signal.',
      'unknown',
      'possible',
    ],
    [
      'sent signal 9, which 22.05 calls a JobLaunchFailure',
      { view: failedView({ stateReason: 'JobLaunchFailure', exit: { status: 0, signal: 9 } }), usage: {} },
      'Job 812 was ended by signal 9 (SIGKILL) on gpu-17; Slurm names no limit and nobody could watch its memory: memory may have run out, or somebody sent the signal.',
      'unknown',
      'possible',
    ],
    [
      'sent signal 9, unless memory ran out unseen',
      { view: failedView({ exit: { status: 0, signal: 9 }, confirmed: false }), usage: {} },
      'Job 812 was ended by signal 9 (SIGKILL) on gpu-17; Slurm has not said yet how it ended and nobody could watch its memory: memory may have run out, or somebody sent the signal.',
      'unknown',
      'possible',
    ],
    [
      'cancelled it',
      { view: slurm('CANCELLED', { cancelledBy: '0' }) },
      'Job 812 was cancelled by user id 0 on gpu-17 after 1 h.',
      'cancelled',
      'certain',
    ],
    [
      'cancelled it before it started',
      {
        view: slurm('CANCELLED', { nodes: [], gpus: [], stateReason: 'Dependency', cancelledBy: 'alice' }),
        usage: {},
      },
      'Job 812 was cancelled by its user before it started (Dependency).',
      'cancelled',
      'certain',
    ],
    [
      'cancelled it after a GPU had failed',
      { view: slurm('CANCELLED'), findings: [xid(79, after(end - 1200))] },
      'Job 812 was cancelled on gpu-17 after 1 h; before that there was XID 79 (GPU has fallen off the bus) on GPU 3 of gpu-17 at 14:40:00 UTC, 20 min before the job ended.',
      'cancelled',
      'certain',
    ],
  ])
})

describe('the scheduler', () => {
  table([
    [
      'preempted it',
      { view: slurm('PREEMPTED') },
      'Job 812 was preempted on gpu-17 by Slurm for a job that goes before it.',
      'scheduler',
      'certain',
    ],
    [
      'could not boot a node',
      { view: slurm('BOOT_FAIL') },
      'Job 812 did not run: Slurm could not boot gpu-17 in time.',
      'scheduler',
      'certain',
    ],
    [
      'could not launch it',
      { view: failedView({ stateReason: 'JobLaunchFailure', exit: { status: 1, signal: 0 } }) },
      "Job 812 could not be started on gpu-17: Slurm says JobLaunchFailure; slurmd's log there says why.",
      'scheduler',
      'likely',
    ],
    [
      'says so of an error in the place of a signal',
      { view: failedView({ stateReason: 'JobLaunchFailure', exit: { status: 0, signal: 53 } }) },
      "Job 812 could not be started on gpu-17: Slurm says JobLaunchFailure; slurmd's log there says why.",
      'scheduler',
      'likely',
    ],
    [
      'or a person queued it again',
      { view: slurm('REQUEUED', { state: 'cancelled' }) },
      'Run 1 of job 812 ended on gpu-17 because the job was queued again; a person or the scheduler did that, and a later run follows.',
      'scheduler',
      'likely',
    ],
  ])
})
