import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { JobDoc } from '@navarch/core/job/job-doc'
import type { JobEvent } from '@navarch/core/job/job-event'
import { viewJob } from '@navarch/core/job/view-job'
import fc from 'fast-check'
import { describe, expect } from 'vitest'
import { finished, noon, recorded, started } from '../../../test/job-events.ts'
import { jobStoreEngines, openJobStore } from '../../../test/job-stores.ts'
import { useJobStore } from '../../../test/use-job-store.ts'
import type { JobStore } from '../job-store.ts'

const idsOf = (runs: readonly JobDoc[]) => runs.map(({ jobId, restart }) => `${jobId}-r${restart}`)

describe.each(jobStoreEngines)('$title', (engine) => {
  const { test, store, place, reopen } = useJobStore(engine)

  test('survive kill -9: what was acknowledged is there', async () => {
    const acknowledged = await killAfter(place(), 200)
    expect(acknowledged.length).toBeGreaterThanOrEqual(200)
    await reopen()
    for (const line of acknowledged) {
      const [jobId = '', kind] = line.split(' ')
      const [run] = await store().find(jobId)
      expect(run, line).toBeDefined()
      if (kind === 'finished') expect(run && viewJob(run).state, line).toBe('completed')
    }
    // Counters and rows are of the same transactions.
    const runs = await store().list({ limit: 100_000, offset: 0 })
    expect(runs.runs).toHaveLength(runs.total)
    expect(await store().totalRuns()).toBe(runs.total)
  }, 60_000)

  test('50 storms of events, with duplicates, reorderings and a restart in the middle, end as the orderly run', async () => {
    const orderly = orderlyEvents()
    await store().apply(orderly)
    const expected = await everything(store())
    await fc.assert(
      fc.asyncProperty(stormOf(orderly), fc.nat({ max: 100 }), async (storm, percent) => {
        const elsewhere = await engine.makePlace()
        let other = await openJobStore(elsewhere)
        try {
          const middle = Math.floor((storm.length * percent) / 100)
          await Promise.all(inCalls(storm.slice(0, middle)).map((call) => other.apply(call)))
          await other.close()
          other = await openJobStore(elsewhere)
          await Promise.all(inCalls(storm.slice(middle)).map((call) => other.apply(call)))
          expect(await everything(other)).toEqual(expected)
        } finally {
          await other.close()
          await engine.removePlace(elsewhere)
        }
      }),
      { numRuns: 50 },
    )
  }, 120_000)
})

/** Twelve jobs: of several nodes, requeued, an array, with Slurm's words. */
function orderlyEvents(): JobEvent[] {
  return Array.from({ length: 12 }, (_, index) => index).flatMap((index): JobEvent[] => {
    const jobId = String(100 + index)
    const nodes = Array.from({ length: 1 + (index % 3) }, (_, node) => `n${node}`)
    const group = index % 4 === 0 ? { group: { arrayJobId: 100, arrayTask: String(index) } } : {}
    const runs = index % 5 === 0 ? [0, 1] : [0]
    return runs.flatMap((restart): JobEvent[] => {
      const at = noon + restart * 600_000 + index * 1000
      const exit = { status: index % 2, signal: 0 }
      return [
        recorded({ jobId, restart }, { state: 'PENDING', user: 'ada', ...group }, at - 5000),
        ...nodes.map((node) => started({ jobId, restart }, { at, node, nodes })),
        ...nodes.map((node) => finished({ jobId, restart }, { at: at + 60_000, node, exit })),
        recorded({ jobId, restart }, { state: index % 2 ? 'FAILED' : 'COMPLETED', endTime: at + 60_000 }, at + 61_000),
      ]
    })
  })
}

/** All events in any order, some of them twice. */
function stormOf(events: readonly JobEvent[]): fc.Arbitrary<JobEvent[]> {
  return fc
    .subarray([...events])
    .chain((twice) => fc.shuffledSubarray([...events, ...twice], { minLength: events.length + twice.length }))
}

function inCalls(events: readonly JobEvent[]): JobEvent[][] {
  const size = 7
  return Array.from({ length: Math.ceil(events.length / size) }, (_, index) =>
    events.slice(index * size, (index + 1) * size),
  )
}

/** What users see of a store; rows of the audit differ by the order in which events came. */
async function everything(store: JobStore): Promise<unknown> {
  const { runs, total } = await store.list({ limit: 1000, offset: 0 })
  const states = await store.countByState()
  return { runs: runs.map(sorted), total, states, open: idsOf(await store.open()), ever: await store.totalRuns() }
}

/** With the keys of all records in one order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, field]): [string, unknown] => [key, sorted(field)])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}

/** Kills a process that applies events after it has printed so many acknowledgements. @returns all that it printed */
async function killAfter(place: string, lines: number): Promise<string[]> {
  const script = fileURLToPath(new URL('../../../test/apply-until-killed.ts', import.meta.url))
  const child = spawn(process.execPath, [script, place], { stdio: ['ignore', 'pipe', 'inherit'] })
  const printed: string[] = []
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      printed.push(line)
      if (printed.length === lines) child.kill('SIGKILL')
    }
  } finally {
    child.kill('SIGKILL')
  }
  return printed
}
