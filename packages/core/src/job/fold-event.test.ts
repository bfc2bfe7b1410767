import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { foldEvent } from './fold-event.ts'
import type { JobDoc } from './job-doc.ts'
import type { ExitStatus, JobEvent, SlurmJobFacts } from './job-event.ts'
import { viewJob } from './view-job.ts'

const origin = { changedBy: 'agent', source: 'agent', correlationId: '' }
const base = (at: number, restart?: number) => ({
  job: { cluster: 'default', jobId: '7', ...(restart !== undefined && { restart }) },
  at,
  receivedAt: at,
  origin,
})

const started = (at: number, node?: string, restart = 0, nodes = ['n1', 'n2']): JobEvent => ({
  ...base(at, restart),
  kind: 'started',
  user: 'alice',
  nodes,
  ...(node !== undefined && { node }),
})
const finished = (at: number, node?: string, exit?: ExitStatus, restart = 0): JobEvent => ({
  ...base(at, restart),
  kind: 'finished',
  ...(node !== undefined && { node }),
  ...(exit && { exit }),
})
const recorded = (at: number, record: Partial<SlurmJobFacts> & { state: string }, restart = 0): JobEvent => ({
  ...base(at, restart),
  kind: 'recorded',
  record: { from: 'squeue', ...record },
})
const ok = { status: 0, signal: 0 }

function foldAll(events: readonly JobEvent[], runs: readonly JobDoc[] = []): JobDoc[] {
  let current = [...runs]
  for (const event of events) {
    const { changed } = foldEvent(current, event)
    const touched = new Set(changed.map(({ restart }) => restart))
    current = [...current.filter(({ restart }) => !touched.has(restart)), ...changed]
  }
  return current.sort((a, b) => a.restart - b.restart)
}

const states = (events: readonly JobEvent[]) => foldAll(events).map((run) => viewJob(run).state)

describe('a job of two nodes', () => {
  it('ends when its last node does', () => {
    const events = [started(10, 'n1'), started(11, 'n2'), finished(20, 'n1', ok)]
    expect(viewJob(foldAll(events)[0] as JobDoc)).toMatchObject({
      state: 'running',
      startTime: 10,
      nodesRunning: ['n2'],
    })
    const over = viewJob(foldAll([...events, finished(25, 'n2', { status: 3, signal: 0 })])[0] as JobDoc)
    expect(over).toMatchObject({ state: 'failed', endTime: 25, exit: { status: 3, signal: 0 }, confirmed: false })
  })

  it('ends at once with an end that names no node', () => {
    expect(states([started(10), finished(20, undefined, ok)])).toEqual(['completed'])
  })

  it('is kept when its end comes before its start', () => {
    const { outcome } = foldEvent([], finished(20, 'n1', ok))
    expect(outcome).toMatchObject({ status: 'created', message: expect.stringContaining('start is not known') })
    expect(states([finished(20, 'n1', ok), finished(21, 'n2', ok), started(10, 'n1'), started(11, 'n2')])).toEqual([
      'completed',
    ])
  })
})

describe('what an event did', () => {
  it('is told like the original does', () => {
    const runs = foldAll([started(10, 'n1')])
    expect(foldEvent([], started(10, 'n1')).outcome.status).toBe('created')
    expect(foldEvent(runs, started(10, 'n1'))).toMatchObject({ changed: [], outcome: { status: 'skipped' } })
    expect(foldEvent(runs, started(11, 'n2')).outcome.status).toBe('updated')
    expect(foldEvent([], { ...base(1), kind: 'deleted' }).outcome.status).toBe('not-found')
    expect(foldEvent(runs, { ...base(1), kind: 'created', user: 'x', nodes: ['a'] }).outcome.status).toBe('conflict')
  })
})

describe('a deleted job', () => {
  const deleted = [started(10, 'n1'), { ...base(30), kind: 'deleted' } as const]

  it('is not brought back by late events, and may be created anew', () => {
    expect(foldEvent(foldAll(deleted), finished(40, 'n1', ok))).toMatchObject({
      changed: [],
      outcome: { status: 'skipped' },
    })
    const again = foldAll([...deleted, { ...base(50), kind: 'created', user: 'bob', nodes: ['b'] }])
    expect(again).toEqual([expect.objectContaining({ started: {}, created: expect.objectContaining({ user: 'bob' }) })])
    expect(again[0]?.deletedAt).toBeUndefined()
  })
})

describe('a requeued job', () => {
  it('has a run that was followed by another', () => {
    const runs = foldAll([
      started(10, 'n1'),
      finished(20, 'n1', { status: 0, signal: 15 }),
      recorded(22, { state: 'PENDING' }, 1),
    ])
    expect(runs.map((run) => viewJob(run)).map(({ state, rawState, runId }) => [runId, state, rawState])).toEqual([
      ['7-r0', 'cancelled', 'REQUEUED'],
      ['7-r1', 'pending', 'PENDING'],
    ])
  })

  it('takes an event without a run number to be about the newest run', () => {
    const event: JobEvent = { ...base(40), kind: 'finished', exit: ok }
    expect(foldEvent(foldAll([started(10, 'n1'), started(30, 'n1', 1)]), event).outcome.restart).toBe(1)
  })
})

describe('an event that does not say which run it is about', () => {
  const known = foldAll([started(10, 'n1'), started(30, 'n1', 1)])

  it('that comes late is about the run that there was when it happened', () => {
    const late: JobEvent = { ...base(20), kind: 'finished', node: 'n1', exit: ok }
    expect(foldEvent(known, late).outcome.restart).toBe(0)
  })

  it('from before all runs is about the first', () => {
    expect(foldEvent(known, { ...base(5), kind: 'finished', exit: ok }).outcome.restart).toBe(0)
  })

  it("counts a run from Slurm's start of it, though Slurm told of it later", () => {
    const runs = foldAll([started(10, 'n1'), recorded(40, { state: 'RUNNING', startTime: 30 }, 1)])
    expect(
      foldEvent(runs, { ...base(31), kind: 'started', node: 'n1', user: 'alice', nodes: [] }).outcome.restart,
    ).toBe(1)
  })

  it('is about the run of its SLUID', () => {
    const named = { ...base(50), job: { cluster: 'default', jobId: '7', sluid: 's6J3M4P2XQ1K7A' } }
    const first: JobEvent = { ...named, job: { ...named.job, restart: 0 }, kind: 'finished', node: 'n2' }
    const runs = foldAll([started(10, 'n1'), started(30, 'n1', 1), first])
    expect(foldEvent(runs, { ...named, kind: 'finished', node: 'n1', exit: ok }).outcome.restart).toBe(0)
  })
})

describe("a client's change", () => {
  const changed = (at: number, change: object): JobEvent => ({ ...base(at, 0), kind: 'changed', change })

  it('sets state and figures, but never takes a final state back', () => {
    expect(states([started(1, 'n1'), changed(2, { state: 'cancelled' })])).toEqual(['cancelled'])
    const frozen = [started(1, 'n1'), changed(2, { state: 'failed' }), changed(3, { state: 'running', cpuUsage: 5 })]
    expect(viewJob(foldAll(frozen)[0] as JobDoc)).toMatchObject({ state: 'failed', set: { cpuUsage: 5 } })
  })
})

describe('events in any order, repeated', () => {
  const exit = fc.constantFrom<ExitStatus>(ok, { status: 1, signal: 0 }, { status: 0, signal: 9 })
  const node = fc.constantFrom('n1', 'n2', undefined)
  const at = fc.integer({ min: 1, max: 50 })
  const restart = fc.constantFrom(0, 1)
  const word = fc.constantFrom('PENDING', 'RUNNING', 'COMPLETING', 'COMPLETED', 'TIMEOUT', 'NODE_FAIL', 'REQUEUED')
  const from = fc.constantFrom<SlurmJobFacts['from']>('squeue', 'scontrol', 'sacct')
  const event: fc.Arbitrary<JobEvent> = fc.oneof(
    fc.tuple(at, node, restart).map(([time, name, run]) => started(time, name, run)),
    fc
      .tuple(at, node, fc.option(exit, { nil: undefined }), restart)
      .map(([time, name, end, run]) => finished(time, name, end, run)),
    fc.tuple(at, node).map(([time, name]): JobEvent => ({ ...finished(time, name), nodes: ['n1', 'n2'] }) as JobEvent),
    fc
      .tuple(
        at,
        node,
        fc.constantFrom('alice', 'unknown', ''),
        fc.constantFrom<object>({}, { cpus: 2 }, { account: 'a' }),
      )
      .map(([time, name, user, more]): JobEvent => ({ ...started(time, name), user, ...more }) as JobEvent),
    fc
      .tuple(at, word, from, restart, fc.constantFrom('n[1-2]', 'n1', undefined), at)
      .map(([time, state, source, run, nodes, start]) =>
        recorded(time, { state, from: source, startTime: start, ...(nodes && { nodes }) }, run),
      ),
  )
  const storm = fc
    .array(event, { minLength: 1, maxLength: 12 })
    .chain((events) =>
      fc
        .tuple(
          fc.constant(events),
          fc.shuffledSubarray(events, { minLength: events.length, maxLength: events.length }),
          fc.array(fc.constantFrom(...events), { maxLength: 6 }),
        )
        .map(([orderly, shuffled, repeated]) => ({ orderly, stormy: [...shuffled, ...repeated] })),
    )

  it('come to the same documents', () => {
    fc.assert(
      fc.property(storm, ({ orderly, stormy }) => {
        expect(foldAll(stormy)).toEqual(foldAll(orderly))
      }),
      { numRuns: 1000 },
    )
  })

  it('come to the same documents without a run, where there is one run alone', () => {
    const withoutRun = (event: JobEvent): JobEvent => {
      const { restart: _, ...job } = event.job
      return { ...event, job }
    }
    fc.assert(
      fc.property(storm, ({ orderly, stormy }) => {
        expect(foldAll(stormy.map(withoutRun))).toEqual(foldAll(orderly.map(withoutRun)))
      }),
    )
  })

  it('come to the same documents when they are written down and read again in between', () => {
    fc.assert(
      fc.property(storm, fc.nat(12), ({ orderly, stormy }, cut) => {
        const kept: JobDoc[] = JSON.parse(JSON.stringify(foldAll(stormy.slice(0, cut))))
        expect(foldAll(stormy.slice(cut), kept)).toEqual(foldAll(orderly))
      }),
    )
  })

  it('never give an end before the start, and call a run over only when it has an end', () => {
    fc.assert(
      fc.property(storm, ({ stormy }) => {
        for (const run of foldAll(stormy)) {
          const { state, startTime = 0, endTime } = viewJob(run)
          const over = state !== 'pending' && state !== 'running'
          expect(endTime !== undefined).toBe(over)
          if (endTime !== undefined) expect(endTime).toBeGreaterThanOrEqual(startTime)
        }
      }),
    )
  })
})
