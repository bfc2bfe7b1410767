import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { foldEvent } from './fold-event.ts'
import type { JobDoc } from './job-doc.ts'
import type { ExitStatus, JobEvent, SlurmJobFacts } from './job-event.ts'
import { type JobView, viewJob } from './view-job.ts'

const base = (at: number, restart = 0) => ({
  job: { cluster: 'default', jobId: '7', restart },
  at,
  receivedAt: at,
  origin: { changedBy: 'agent', source: 'agent', correlationId: '' },
})
const started = (at: number, node: string, over: object = {}): JobEvent => ({
  ...base(at),
  kind: 'started',
  node,
  user: 'alice',
  nodes: ['n1', 'n2'],
  ...over,
})
const finished = (at: number, node?: string, exit?: ExitStatus): JobEvent => ({
  ...base(at),
  kind: 'finished',
  ...(node !== undefined && { node }),
  ...(exit && { exit }),
})
const recorded = (at: number, state: string, record: Partial<SlurmJobFacts> = {}, restart = 0): JobEvent => ({
  ...base(at, restart),
  kind: 'recorded',
  record: { from: 'squeue', ...record, state },
})

function viewOf(...events: JobEvent[]): JobView {
  let runs: JobDoc[] = []
  for (const event of events) {
    const { changed } = foldEvent(runs, event)
    runs = [...runs.filter((run) => !changed.some(({ restart }) => restart === run.restart)), ...changed]
  }
  const [first] = runs.sort((a, b) => a.restart - b.restart)
  if (!first) throw new Error('no run')
  return viewJob(first)
}

const exited = (status: number, signal = 0): ExitStatus => ({ status, signal })

describe("Slurm's word", () => {
  it.each([
    ['PENDING', 'pending'],
    ['CONFIGURING', 'pending'],
    ['REQUEUE_HOLD', 'pending'],
    ['SPECIAL_EXIT', 'pending'],
    ['A_NEW_WORD', 'pending'],
    ['RUNNING', 'running'],
    ['COMPLETING', 'running'],
    ['SUSPENDED', 'running'],
    ['STOPPED', 'running'],
    ['STAGE_OUT', 'running'],
    ['COMPLETED', 'completed'],
    ['FAILED', 'failed'],
    ['BOOT_FAIL', 'failed'],
    ['DEADLINE', 'failed'],
    ['NODE_FAIL', 'failed'],
    ['OUT_OF_MEMORY', 'failed'],
    ['TIMEOUT', 'failed'],
    ['CANCELLED', 'cancelled'],
    ['PREEMPTED', 'cancelled'],
    ['REVOKED', 'cancelled'],
  ])('%s is %s', (word, state) => {
    expect(viewOf(recorded(1, word))).toMatchObject({ state, confirmed: !['pending', 'running'].includes(state) })
  })

  it('about the end outweighs every exit status, and brings its own times', () => {
    const record = { startTime: 5, endTime: 90, exit: exited(0, 15), reason: 'TimeLimit' }
    expect(
      viewOf(
        started(10, 'n1', { nodes: ['n1'] }),
        finished(95, 'n1', exited(0)),
        recorded(99, 'TIMEOUT', record),
        recorded(200, 'RUNNING'),
      ),
    ).toMatchObject({
      state: 'failed',
      rawState: 'TIMEOUT',
      stateReason: 'TimeLimit',
      confirmed: true,
      startTime: 5,
      endTime: 90,
      exit: exited(0, 15),
    })
  })

  it('about a job that still runs does not outweigh the end of all its nodes', () => {
    const view = viewOf(
      started(10, 'n1', { nodes: ['n1'] }),
      finished(20, 'n1', exited(3)),
      recorded(21, 'COMPLETING', { exit: exited(0) }),
    )
    expect(view).toMatchObject({ state: 'failed', confirmed: false, exit: exited(3) })
  })

  it('about who cancelled it is kept', () => {
    const view = viewOf(recorded(9, 'CANCELLED', { from: 'sacct', cancelledBy: '1000' }), recorded(10, 'CANCELLED'))
    expect(view.cancelledBy).toBe('1000')
  })

  it('about a waiting job guesses a start, which is not taken', () => {
    const view = viewOf(recorded(1, 'PENDING', { startTime: 900 }), started(10, 'n1'))
    expect(view).toMatchObject({ state: 'running', startTime: 10 })
  })

  it('names what it waits for as it was told last, and only while it waits', () => {
    const waits = (at: number, dependency?: string) =>
      recorded(at, 'PENDING', { reason: 'Dependency', ...(dependency && { dependency }) })
    const first = waits(1, 'afterok:5(unfulfilled),afterok:6(unfulfilled)')
    const second = waits(2, 'afterok:6(unfulfilled)')
    expect(viewOf(first, second).dependency).toBe('afterok:6(unfulfilled)')
    expect(viewOf(second, first).dependency).toBe('afterok:6(unfulfilled)')
    expect(viewOf(first, second, waits(3)).dependency).toBeUndefined()
    expect(viewOf(first, recorded(3, 'RUNNING')).dependency).toBeUndefined()
    expect(viewOf(first, started(3, 'n1')).dependency).toBeUndefined()
    expect(viewOf(first, recorded(3, 'CANCELLED', { endTime: 3 })).dependency).toBeUndefined()
  })

  it('keeps what accounting measured, whichever word wins', () => {
    const accounted = { cpuSeconds: 12 }
    expect(viewOf(recorded(9, 'COMPLETED', { from: 'sacct', accounted }), recorded(10, 'COMPLETED')).accounted).toEqual(
      accounted,
    )
  })
})

describe('an end that Slurm has not told', () => {
  it.each<[string, ExitStatus | undefined, object]>([
    ['status 0', exited(0), { state: 'completed', rawState: 'COMPLETED' }],
    ['status 1', exited(1), { state: 'failed', rawState: 'FAILED', stateReason: 'NonZeroExitCode' }],
    ['signal 9', exited(0, 9), { state: 'failed', rawState: 'FAILED', stateReason: 'signal 9' }],
    ['signal 15', exited(0, 15), { state: 'failed', rawState: 'FAILED', stateReason: 'signal 15' }],
    ["Slurm's mark for no memory", exited(0, 125), { state: 'failed', rawState: 'OUT_OF_MEMORY' }],
    ['no exit status', undefined, { state: 'completed', stateReason: 'exit status unknown' }],
  ])('with %s is what the exit status makes likely', (_, exit, expected) => {
    const view = viewOf(started(10, 'n1', { nodes: ['n1'] }), finished(20, 'n1', exit))
    expect(view).toMatchObject({ ...expected, confirmed: false, endTime: 20 })
  })

  it.each<[ExitStatus, ExitStatus, ExitStatus]>([
    [exited(0), exited(1), exited(1)],
    [exited(2), exited(0, 9), exited(0, 9)],
    [exited(0, 125), exited(0, 9), exited(0, 125)],
  ])('of two nodes with %j and %j is the worse', (one, two, worst) => {
    expect(viewOf(started(1, 'n1'), finished(8, 'n1', one), finished(9, 'n2', two)).exit).toEqual(worst)
  })

  it('waits for all nodes that an end names, where no start came', () => {
    const end: JobEvent = { ...finished(20, 'n1', exited(0)), nodes: ['n1', 'n2'] } as JobEvent
    expect(viewOf(end)).toMatchObject({ state: 'running', nodesRunning: ['n2'] })
    expect(viewOf(end, finished(21, 'n2', exited(0)))).toMatchObject({ state: 'completed', nodesRunning: [] })
  })

  it('is not that of a run that was requeued', () => {
    expect(
      viewOf(
        started(1, 'n1', { nodes: ['n1'] }),
        finished(8, 'n1', exited(0, 15)),
        recorded(9, 'PENDING', { from: 'squeue' }, 1),
      ),
    ).toMatchObject({ state: 'cancelled', rawState: 'REQUEUED', endTime: 8 })
  })
})

describe("the end of a run that was requeued, told as the next run's", () => {
  const job = { cluster: 'default', jobId: '7', restart: 1 }
  const early: JobEvent = { ...finished(5, 'n2', { status: 0, signal: 15 }), job }
  const waits = recorded(6, 'PENDING', {}, 1)
  const begins: JobEvent = { ...started(10, 'n1', { nodes: ['n1'] }), job }
  const ends: JobEvent = { ...finished(20, 'n1', { status: 3, signal: 0 }), job }

  it('neither ends the next run nor counts for it', () => {
    expect(viewOf(early, waits)).toMatchObject({ state: 'pending', rawState: 'PENDING', nodes: [] })
    expect(viewOf(early, waits, begins)).toMatchObject({ state: 'running', nodesRunning: ['n1'] })
    expect(viewOf(early, waits, begins, ends)).toMatchObject({
      state: 'failed',
      endTime: 20,
      exit: { status: 3, signal: 0 },
      exits: { n1: { status: 3, signal: 0 } },
    })
  })
})

describe('what the nodes say', () => {
  it('is summed up where it is their part, and kept once where it is about all', () => {
    const part = { cpus: 4, memoryMb: 100, gpus: [{ uuid: 'GPU-1', vendor: 'nvidia' }] }
    const view = viewOf(
      started(2, 'n1', { ...part, user: 'unknown' }),
      started(1, 'n2', { ...part, account: 'physics' }),
    )
    expect(view).toMatchObject({
      user: 'alice',
      account: 'physics',
      nodes: ['n1', 'n2'],
      startTime: 1,
      allocated: { cpus: 8, memoryMb: 200, gpus: 2 },
      gpus: [{ node: 'n1' }, { node: 'n2' }],
    })
  })

  it('of a thousand nodes makes a document of a reasonable size', () => {
    const nodes = Array.from({ length: 1000 }, (_, index) => `node-${index}`)
    let run: JobDoc | undefined
    for (const node of nodes) run = foldEvent(run ? [run] : [], started(1, node, { nodes })).changed[0] ?? run
    expect(Object.keys(run?.started ?? {})).toHaveLength(1000)
    expect(JSON.stringify(run).length).toBeLessThan(200 * nodes.length)
  })
})

describe('a final state', () => {
  const node = fc.constantFrom('n1', 'n2')
  const at = fc.integer({ min: 10, max: 50 })
  const exit = fc.option(fc.record({ status: fc.nat(2), signal: fc.constantFrom(0, 9, 125) }), { nil: undefined })
  const word = fc.constantFrom('PENDING', 'RUNNING', 'COMPLETING', 'COMPLETED', 'TIMEOUT', 'NODE_FAIL')
  const event = fc.oneof(
    fc.tuple(at, node).map(([time, name]) => started(time, name)),
    fc.tuple(at, node, exit).map(([time, name, end]) => finished(time, name, end)),
    fc.tuple(at, word).map(([time, state]) => recorded(time, state)),
  )

  it('is never left again, and changes by a word of Slurm or a worse exit status alone', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 12 }), (events) => {
        let before: JobView | undefined
        for (let count = 0; count <= events.length; count++) {
          const view = viewOf(started(1, 'n1'), ...events.slice(0, count))
          if (before && isOver(before)) {
            expect(isOver(view)).toBe(true)
            if (before.confirmed) expect(view.confirmed).toBe(true)
          }
          before = view
        }
      }),
      { numRuns: 300 },
    )
  })
})

function isOver({ state }: JobView): boolean {
  return state !== 'pending' && state !== 'running'
}
