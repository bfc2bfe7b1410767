import type { NodeUsage } from '@navarch/core/job/node-usage'
import { viewJob } from '@navarch/core/job/view-job'
import { describe, expect, it } from 'vitest'
import { figuresOf } from './job-figures.ts'
import { createLiveUsages, type LiveUsage } from './live-usages.ts'

const minute = 60_000
const run = { cluster: 'default', jobId: '7', restart: 0 }

function usage(change: Partial<NodeUsage> = {}): NodeUsage {
  return { source: 'cgroup-v2', since: 0, until: minute, readings: 5, cpuSeconds: 60, cpus: 2, gpus: [], ...change }
}

/** A job of some nodes that began at 0; those in `ended` have ended after a minute. */
function view(nodes: string[], ended: Record<string, NodeUsage> = {}) {
  const started = Object.fromEntries(nodes.map((node) => [node, { at: 0, node, user: 'a', nodes, cpus: 2 }]))
  const finished = Object.fromEntries(
    Object.entries(ended).map(([node, each]) => [
      node,
      { at: minute, node, usage: each, exit: { status: 0, signal: 0 } },
    ]),
  )
  return viewJob({ ...run, firstAt: 0, started, finished })
}

function live(usages: Record<string, NodeUsage>, cpusInUse?: number): ReadonlyMap<string, LiveUsage> {
  return new Map(
    Object.entries(usages).map(([node, each]) => [
      node,
      { usage: each, heardAt: each.until, ...(cpusInUse !== undefined && { cpusInUse }) },
    ]),
  )
}

describe("a job's figures", () => {
  it('of a job that is over are those of its whole run', () => {
    const figures = figuresOf(
      view(['n1', 'n2'], { n1: usage(), n2: usage({ cpuSeconds: 120 }) }),
      new Map(),
      2 * minute,
    )
    expect(figures).toMatchObject({ cpuSeconds: 180, cpuPercent: 75, cpuPercentMean: 75, readings: 10 })
  })

  it('are not known while one node is not: a part is not the whole', () => {
    const figures = figuresOf(view(['n1', 'n2'], { n1: usage() }), new Map(), 2 * minute)
    expect(figures).toEqual({ readings: 5, lastReadingAt: minute, source: 'none' })
  })

  it('of a running job are those of the last interval', () => {
    const figures = figuresOf(view(['n1']), live({ n1: usage({ memoryBytes: 5 }) }, 1), minute)
    expect(figures).toMatchObject({ cpuPercent: 50, memoryBytes: 5, cpuSeconds: 60 })
  })

  it('take what came with the end before what was told last', () => {
    const figures = figuresOf(view(['n1'], { n1: usage({ cpuSeconds: 90 }) }), live({ n1: usage() }, 1), 2 * minute)
    expect(figures.cpuSeconds).toBe(90)
  })

  it('come from accounting where nobody else knows, and say so', () => {
    const ended = { ...view(['n1'], { n1: usage() }), usage: {}, accounted: { cpuSeconds: 30 } }
    expect(figuresOf(ended, new Map(), 2 * minute)).toMatchObject({ cpuSeconds: 30, source: 'slurmdbd' })
  })

  it('have the CPU time of accounting where processes alone were read, and less of it', () => {
    const ended = { ...view(['n1'], { n1: usage({ source: 'proc' }) }), accounted: { cpuSeconds: 90 } }
    expect(figuresOf(ended, new Map(), 2 * minute)).toMatchObject({
      cpuSeconds: 90,
      cpuPercent: 75,
      source: 'slurmdbd',
    })
    const less = { ...ended, accounted: { cpuSeconds: 50 } }
    expect(figuresOf(less, new Map(), 2 * minute)).toMatchObject({ cpuSeconds: 60, source: 'proc' })
  })

  it('are as good as the worst of their sources', () => {
    const ended = view(['n1', 'n2'], { n1: usage(), n2: usage({ source: 'proc' }) })
    expect(figuresOf(ended, new Map(), minute).source).toBe('proc')
  })
})

describe('what agents tell of running jobs', () => {
  it('is kept when it is newer, with the rate since the one before', () => {
    const usages = createLiveUsages()
    usages.record(run, 'n1', usage({ until: 10_000, cpuSeconds: 10 }), 1)
    usages.record(run, 'n1', usage({ until: 20_000, cpuSeconds: 15 }), 2)
    usages.record(run, 'n1', usage({ until: 15_000, cpuSeconds: 12 }), 3)
    expect(usages.of(run).get('n1')).toMatchObject({ cpusInUse: 0.5, heardAt: 2, usage: { until: 20_000 } })
  })

  it('goes when the job is over, or nobody tells any more', () => {
    const usages = createLiveUsages()
    usages.record(run, 'n1', usage(), 1)
    usages.record(run, 'n2', usage(), 5)
    usages.prune(3)
    expect([...usages.of(run).keys()]).toEqual(['n2'])
    usages.forget(run)
    expect(usages.of(run).size).toBe(0)
  })
})
