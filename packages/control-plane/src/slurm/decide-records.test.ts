import { readFileSync } from 'node:fs'
import { foldEvent } from '@navarch/core/job/fold-event'
import type { JobDoc } from '@navarch/core/job/job-doc'
import type { JobRecorded } from '@navarch/core/job/job-event'
import { viewJob } from '@navarch/core/job/view-job'
import { capabilitiesOf, parseVersion } from '@navarch/slurm/capabilities'
import type { JobRecord } from '@navarch/slurm/job-record'
import { isFinished, type JobState } from '@navarch/slurm/job-state'
import { parseSacct, sacctFormat } from '@navarch/slurm/sacct'
import { parseSqueue, squeueFormat } from '@navarch/slurm/squeue'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jobIn } from '../../test/slurm-double.ts'
import { decideRecords, eventOfAccounted, type RecordContext, toldOf } from './decide-records.ts'
import { factsOfAccounted, factsOfRecord } from './job-facts.ts'

const context: RecordContext = { cluster: 'lab', from: 'squeue', now: 9_000, correlationId: 'c-1' }
const nothing = new Map<string, string>()

const record = (id: number, state: JobState, more: Partial<JobRecord> = {}): JobRecord => ({
  ...jobIn(state),
  id,
  submitTime: 1_000,
  ...(state === 'PENDING' ? {} : { nodes: 'n1', startTime: 2_000 }),
  ...(isFinished(state) ? { endTime: 3_000, exit: { status: 0, signal: 0, coreDumped: false } } : {}),
  ...more,
})
const look = (takenAt: number, ...records: JobRecord[]) => ({
  takenAt,
  jobs: records.filter(({ state }) => !isFinished(state)),
  finished: records.filter(({ state }) => isFinished(state)),
})

/** The runs of all jobs after the events, by id and restart. */
function foldAll(events: readonly JobRecorded[], before: readonly JobDoc[] = []): JobDoc[] {
  let all = [...before]
  for (const event of events) {
    const mine = all.filter(({ jobId }) => jobId === event.job.jobId)
    const { changed } = foldEvent(mine, event)
    const isChanged = (run: JobDoc) => changed.some((doc) => doc.jobId === run.jobId && doc.restart === run.restart)
    all = [...all.filter((run) => !isChanged(run)), ...changed]
  }
  return all
}
const states = (runs: readonly JobDoc[]) =>
  runs.map((run) => `${viewJob(run).runId} ${viewJob(run).rawState}`).toSorted()

describe('decideRecords', () => {
  it('tells of a job once, and again when its record changes', () => {
    const first = decideRecords(nothing, look(1_500, record(7, 'PENDING')), context)
    expect(first.events).toMatchObject([
      {
        kind: 'recorded',
        job: { cluster: 'lab', jobId: '7', restart: 0 },
        at: 1_500,
        receivedAt: 9_000,
        origin: { changedBy: 'slurm', source: 'scheduler', correlationId: 'c-1' },
        record: { state: 'PENDING', from: 'squeue', user: 'ada' },
      },
    ])
    expect(decideRecords(first.told, look(2_500, record(7, 'PENDING', { priority: 99 })), context).events).toEqual([])
    const later = decideRecords(first.told, look(2_500, record(7, 'RUNNING')), context)
    expect(later.events).toMatchObject([{ at: 2_500, record: { state: 'RUNNING', nodes: 'n1', startTime: 2_000 } }])
  })

  it('tells that a job waits for others, not each that ends, and the newest list with the next word', () => {
    const waits = (dependency: string, more: Partial<JobRecord> = {}) => record(7, 'PENDING', { dependency, ...more })
    const first = decideRecords(nothing, look(1_500, waits('afterok:5(unfulfilled),afterok:6(unfulfilled)')), context)
    const shorter = decideRecords(first.told, look(2_500, waits('afterok:6(unfulfilled)')), context)
    expect(shorter.events).toEqual([])
    const moved = decideRecords(
      shorter.told,
      look(3_500, waits('afterok:6(unfulfilled)', { partitions: ['b'] })),
      context,
    )
    expect(viewJob(foldAll([...first.events, ...moved.events])[0] as JobDoc).dependency).toBe('afterok:6(unfulfilled)')
    const free = decideRecords(moved.told, look(4_500, record(7, 'PENDING', { partitions: ['b'] })), context)
    expect(free.events).toHaveLength(1)
    const runs = foldAll([...first.events, ...moved.events, ...free.events])
    expect(viewJob(runs[0] as JobDoc).dependency).toBeUndefined()
    expect(runs[0]?.slurmEver).not.toHaveProperty('dependency')
  })

  it('dates an end by itself, so that it is the same event whenever it is told', () => {
    const ended = record(7, 'FAILED', { exit: { status: 0, signal: 9, coreDumped: false } })
    const [once] = decideRecords(nothing, look(5_000, ended), context).events
    const [again] = decideRecords(nothing, look(50_000, ended), context).events
    expect(once).toEqual(again)
    expect(once).toMatchObject({
      at: 3_000,
      record: { state: 'FAILED', endTime: 3_000, exit: { status: 0, signal: 9 } },
    })
  })

  it('takes a record whose restarts have risen for another run, and the first for requeued', () => {
    const first = decideRecords(nothing, look(2_500, record(7, 'RUNNING')), context)
    const second = decideRecords(first.told, look(3_500, record(7, 'PENDING', { restarts: 1 })), context)
    const runs = foldAll([...first.events, ...second.events])
    expect(states(runs)).toEqual(['7-r0 REQUEUED', '7-r1 PENDING'])
  })

  it('keeps tasks that wait in one record, which the last of them becomes', () => {
    const waiting = record(7, 'PENDING', { array: { jobId: 7, tasks: '1-3', count: 3 } })
    const task = (id: number, tasks: string, state: JobState) =>
      record(id, state, { array: { jobId: 7, tasks, count: 1 } })
    const first = decideRecords(nothing, look(1_500, waiting), context)
    const rest = { ...waiting, array: { jobId: 7, tasks: '3', count: 1 } }
    const second = decideRecords(
      first.told,
      look(2_500, task(8, '1', 'RUNNING'), task(9, '2', 'RUNNING'), rest),
      context,
    )
    const third = decideRecords(second.told, look(4_000, task(7, '3', 'COMPLETED'), task(8, '1', 'RUNNING')), context)
    const runs = foldAll([...first.events, ...second.events, ...third.events])
    expect(states(runs)).toEqual(['7-r0 COMPLETED', '8-r0 RUNNING', '9-r0 RUNNING'])
    expect(runs.map((run) => viewJob(run).group?.arrayTask).toSorted()).toEqual(['1', '2', '3'])
  })

  it('tells nothing that has an effect after a restart', () => {
    const shown = look(2_500, record(7, 'RUNNING'), record(8, 'PENDING'), record(9, 'COMPLETED'))
    const runs = foldAll(decideRecords(nothing, shown, context).events)
    const kept: JobDoc[] = JSON.parse(JSON.stringify(runs))
    const again = decideRecords(toldOf(kept, 'lab'), { ...shown, takenAt: 7_500 }, context)
    expect(again.events).toEqual([])
    const forgotten = decideRecords(nothing, look(7_500, record(9, 'COMPLETED')), context)
    expect(forgotten.events).toHaveLength(1)
    expect(foldAll(forgotten.events, runs)).toEqual(runs)
  })

  it('whatever looks come, tells the newest of each run, and nothing of a look that is the same', () => {
    const anyRecord = fc
      .record({
        id: fc.integer({ min: 1, max: 4 }),
        state: fc.constantFrom<JobState>('PENDING', 'RUNNING', 'COMPLETING', 'COMPLETED', 'FAILED', 'TIMEOUT'),
        restarts: fc.integer({ min: 0, max: 2 }),
        name: fc.string(),
      })
      .map(({ id, state, ...more }) => record(id, state, more))
    fc.assert(
      fc.property(fc.array(fc.array(anyRecord, { maxLength: 6 }), { maxLength: 5 }), (looks) => {
        let told: ReadonlyMap<string, string> = nothing
        for (const [index, records] of looks.entries()) {
          const shown = look(10_000 * (index + 1), ...records)
          const decided = decideRecords(told, shown, context)
          const ids = decided.events.map(({ job }) => `${job.jobId}-r${job.restart}`)
          expect(new Set(ids).size).toBe(ids.length)
          expect([...decided.told.keys()].toSorted()).toEqual(
            [...new Set(records.map(({ id, restarts }) => `${id}-r${restarts}`))].toSorted(),
          )
          expect(decideRecords(decided.told, { ...shown, takenAt: shown.takenAt + 1 }, context).events).toEqual([])
          told = decided.told
        }
      }),
    )
  })
})

describe.each([
  ['22.05', '22.05.8'],
  ['24.11', '24.11.5'],
  ['26.05', '26.05.5'],
])('the words of Slurm %s', (folder, version) => {
  const capabilities = capabilitiesOf(parseVersion(version))
  const capture = (name: string) =>
    readFileSync(new URL(`../../../slurm/fixtures/${folder}/${name}`, import.meta.url), 'utf8')
  const { jobs } = parseSqueue(capture('finished-squeue.txt'), squeueFormat(capabilities, '5d1c'))
  const runs = parseSacct(capture('finished-sacct.txt'), sacctFormat(capabilities, '5d1c'))
  const facts = (id: number) => {
    const job = jobs.find((candidate) => candidate.id === id)
    return job && factsOfRecord(job, 'squeue')
  }

  it('become facts: exit, nodes, limit and GPUs of what ran; neither start nor nodes of what never did', () => {
    expect(facts(24)).toMatchObject({
      state: 'FAILED',
      reason: 'NonZeroExitCode',
      exit: { status: 3, signal: 0 },
      user: 'root',
      nodes: 'n1',
      timeLimitMinutes: 10,
      requested: { gpus: 2 },
      allocated: { cpus: 2, gpus: 2, memoryMb: 50, nodes: 1 },
    })
    expect(facts(25)).toMatchObject({ exit: { status: 0, signal: 9 }, allocated: { gpus: 0 } })
    expect(facts(21)).toMatchObject({ state: 'CANCELLED' })
    for (const key of ['startTime', 'nodes', 'allocated']) expect(facts(21)).not.toHaveProperty(key)
    expect(facts(22)?.group).toEqual({ arrayJobId: 22, arrayTask: '1-3' })
    expect(facts(20)).toMatchObject({ state: 'PENDING', timeLimitMinutes: 10 })
    for (const key of ['startTime', 'endTime', 'exit']) expect(facts(20)).not.toHaveProperty(key)
  })

  it('say the same from accounting, with what was used', () => {
    const [run] = runs.filter(({ id }) => id === 24)
    const { reason, from, priority, requested, ...ended } = facts(24) ?? { state: '', from: 'squeue' }
    expect(run && factsOfAccounted(run)).toMatchObject({
      ...ended,
      from: 'sacct',
      accounted: { cpuSeconds: expect.any(Number), maxRssBytes: expect.any(Number) },
    })
  })

  it('end the runs of a job that was requeued, each by its own record', () => {
    const mine = runs.filter(({ id }) => id === 20)
    const docs = foldAll(mine.map((run) => eventOfAccounted(run, context)))
    expect(states(docs)).toEqual(['20-r0 REQUEUED', '20-r1 PENDING'])
    expect(docs.map((run) => viewJob(run).confirmed).toSorted()).toEqual([false, true])
  })
})
