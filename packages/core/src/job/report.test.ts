import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { after, failedView, gpu, input, slurmSays as slurm, usage, view, xid } from '../../test/job-builders.ts'
import type { ReportInput } from './job-report.ts'
import { reportJob } from './report.ts'

const end = 3600

describe('the evidence', () => {
  it('is all that was seen, oldest first', () => {
    const { evidence } = reportJob(
      input({
        view: failedView({ exits: { 'gpu-17': { status: 1, signal: 0 } }, stateReason: 'NonZeroExitCode' }),
        findings: [xid(45, after(end - 2)), xid(79, after(end - 4))],
        earlierRuns: [slurm('NODE_FAIL', { runId: '812-r0', endTime: after(-60) })],
      }),
    ).verdict
    expect(evidence.map(({ at, source, text }) => [at, source, text])).toEqual([
      [after(-60), 'history', 'an earlier run, 812-r0, ended NODE_FAIL'],
      [after(end - 4), 'kernel-log', 'XID 79 (GPU has fallen off the bus) on GPU 3'],
      [after(end - 2), 'kernel-log', expect.stringContaining('XID 45')],
      [after(end), 'epilog', 'exit status 1'],
      [after(end), 'slurm', 'FAILED (NonZeroExitCode), exit 1:0'],
    ])
  })
})

describe('whatever is known', () => {
  const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
  const seconds = fc.integer({ min: -700, max: 5000 })
  const word = fc.constantFrom(
    ...[
      'COMPLETED',
      'FAILED',
      'TIMEOUT',
      'NODE_FAIL',
      'OUT_OF_MEMORY',
      'CANCELLED',
      'REQUEUED',
      'DEADLINE',
      'BOOT_FAIL',
    ],
  )
  const ended = fc.record({ status: fc.nat(255), signal: fc.nat(64) })
  const state = fc.constantFrom('pending', 'running', 'completed', 'failed', 'cancelled' as const)
  const known = fc
    .record({
      state,
      rawState: word,
      confirmed: fc.boolean(),
      nodes: fc.constantFrom<string[]>([], ['gpu-17'], ['gpu-17', 'gpu-18']),
      exit: maybe(ended),
      startTime: maybe(seconds.map(after)),
      endTime: maybe(seconds.map(after)),
      timeLimitMinutes: maybe(fc.nat(100)),
    })
    .map((over) => ({ ...view(), ...over }) as ReportInput['view'])
  const measured = fc
    .record({
      cpuSeconds: maybe(fc.nat()),
      cpus: maybe(fc.nat(128)),
      until: seconds.map(after),
      memoryMaxBytes: maybe(fc.nat()),
      memoryLimitBytes: maybe(fc.nat()),
      oomKills: maybe(fc.nat(3)),
      gpus: fc.array(fc.record({ utilizationMax: maybe(fc.nat(100)), idleSeconds: maybe(fc.nat(5000)) }), {
        maxLength: 2,
      }),
    })
    .map((over) => ({ ...usage(), ...over, gpus: over.gpus.map((part) => ({ ...gpu(), ...part })) }) as never)
  const found = fc.array(fc.tuple(fc.constantFrom(13, 31, 45, 48, 63, 74, 79, 94, 154), seconds), { maxLength: 4 })

  it('the verdict is one sentence, its evidence is in order, and no figure is made of nothing', () => {
    fc.assert(
      fc.property(
        known,
        fc.dictionary(fc.constantFrom('gpu-17', 'gpu-18', ''), measured),
        found,
        (job, figures, xids) => {
          const findings = xids.map(([code, at]) => xid(code, after(at)))
          const { verdict, efficiency, nodes, notes } = reportJob(input({ view: job, usage: figures, findings }))
          expect(verdict.sentence).toMatch(/^(Job|Run 1 of job) 812 .*[^.]\.$/)
          expect(`${verdict.sentence}${notes.map(({ text }) => text)}`).not.toMatch(/undefined|NaN|Infinity|null| {2}/)
          const times = verdict.evidence.map(({ at }) => at ?? Number.MAX_VALUE)
          expect(times).toEqual([...times].sort((a, b) => a - b))
          for (const value of [...Object.values(efficiency), ...nodes.flatMap((node) => Object.values(node))])
            if (typeof value === 'number') expect(value).toBeGreaterThanOrEqual(0)
        },
      ),
      { numRuns: 500 },
    )
  })
})
