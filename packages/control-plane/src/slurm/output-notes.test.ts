import type { JobReportJson } from '@navarch/api/jobs'
import { foldEvent } from '@navarch/core/job/fold-event'
import type { JobDoc } from '@navarch/core/job/job-doc'
import type { JobEvent } from '@navarch/core/job/job-event'
import { createLog } from '@navarch/system/log'
import { createManualClock } from '@navarch/system/manual-clock'
import { describe, expect, it } from 'vitest'
import { finished, noon, recorded, started } from '../../test/job-events.ts'
import { outputBlock } from './output-block.ts'
import { createOutputNotes } from './output-notes.ts'

const ended = { state: 'FAILED', nodes: 'gpu-001', startTime: noon, endTime: noon + 60_000, stdout: '/home/a/812.out' }

function fold(...events: JobEvent[]): JobDoc[] {
  let runs: readonly JobDoc[] = []
  for (const event of events) {
    const { changed } = foldEvent(runs, event)
    runs = [...runs.filter((run) => !changed.some(({ restart }) => restart === run.restart)), ...changed]
  }
  return [...runs]
}

const report = {
  job: { id: '812' },
  verdict: { cause: 'limit', sentence: 'Job 812 ran out of memory.', confidence: 'certain', evidence: [] },
  efficiency: {
    ...{ cpu: 12.4, memory: 100, memory_max_bytes: 2 ** 33, memory_allocated_bytes: 2 ** 33 },
    ...{ walltime_seconds: 60, time_limit_seconds: 3600 },
  },
  nodes: [],
  notes: [{ severity: 'warning', text: 'Memory ran out: ask for more.', flag: '--mem=10G' }],
} as unknown as JobReportJson

function notes(runs: readonly JobDoc[], send: (node: string) => Promise<void> = async () => {}) {
  const clock = createManualClock()
  const sent: { node: string; parameters: Record<string, string> }[] = []
  const lines: string[] = []
  const made = createOutputNotes({
    store: { find: async () => [...runs] },
    clock,
    log: createLog((line) => lines.push(line), clock),
    report: async () => report,
    async send(node, parameters) {
      await send(node)
      sent.push({ node, parameters })
    },
  })
  const [run] = runs
  if (!run) throw new Error('no run')
  return { clock, sent, lines, run, made }
}

describe('the block in an output file', () => {
  it('is the verdict, what was used, and what to change, between two rules', () => {
    expect(outputBlock(report)).toBe(`
== navarch: job 812 ============================================================
Job 812 ran out of memory. (certain)
Used: time 1m of 1h, CPU 12 %, memory 100 % (8 GiB of 8 GiB)
- Memory ran out: ask for more. (--mem=10G)
================================================================================
`)
  })

  it('leaves out what is not known, and has no control characters and no more than an agent takes', () => {
    const long = `\u001b[31m${'x'.repeat(9000)}`
    const text = outputBlock({ ...report, efficiency: {}, notes: [], verdict: { ...report.verdict, sentence: long } })
    expect(text).not.toContain('Used')
    expect(text).not.toContain('\u001b')
    expect(text.length).toBeLessThanOrEqual(4096)
  })
})

describe('a note', () => {
  it("goes to the job's first node, a little after the end", async () => {
    const { clock, sent, run, made } = notes(fold(started(), finished(), recorded({}, ended)))
    made.want(run)
    await made.write()
    expect(sent).toEqual([])
    await clock.advance(20_000)
    await made.write()
    made.want(run)
    await clock.advance(20_000)
    await made.write()
    expect(sent).toEqual([
      {
        node: 'gpu-001',
        parameters: { job_id: run.jobId, restart: '0', path: '/home/a/812.out', text: outputBlock(report) },
      },
    ])
  })

  it('is not sent for a run that was requeued, nor for a job without output or that never ran', async () => {
    const runs = [
      fold(started({ restart: 0 }), started({ restart: 1 }, { at: noon + 90_000 })).filter(
        ({ restart }) => restart === 0,
      ),
      fold(started(), recorded({}, { ...ended, stdout: '/dev/null' })),
      fold(recorded({}, { state: 'CANCELLED', endTime: noon })),
    ]
    for (const one of runs) {
      const { clock, sent, run, made } = notes(one)
      made.want(run)
      await clock.advance(20_000)
      await made.write()
      expect(sent).toEqual([])
    }
  })

  it('that no agent can be given is told once', async () => {
    const { clock, lines, run, made } = notes(fold(started(), recorded({}, ended)), () =>
      Promise.reject(new Error('node not found: gpu-001')),
    )
    made.want(run)
    await clock.advance(20_000)
    await made.write()
    await made.write()
    expect(lines.join()).toContain('node not found: gpu-001')
    expect(lines).toHaveLength(1)
  })
})
