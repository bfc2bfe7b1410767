import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isReservedId, normalizeJobId, parseLookup, runId, runKeyText, waitingArrayOf } from './identity.ts'

describe("a job's id", () => {
  it.each([
    ['812', { kind: 'job', jobId: '812' }],
    ['slurm-812', { kind: 'job', jobId: '812' }],
    ['812-r1', { kind: 'run', jobId: '812', restart: 1 }],
    ['slurm-812-r1', { kind: 'run', jobId: '812', restart: 1 }],
    ['900_3', { kind: 'array-task', arrayJobId: 900, task: '3' }],
    ['slurm-900_3', { kind: 'array-task', arrayJobId: 900, task: '3' }],
    ['100+1', { kind: 'het-component', hetJobId: 100, offset: 1 }],
    ['s6J3M4P2XQ1K7A', { kind: 'sluid', sluid: 's6J3M4P2XQ1K7A' }],
    ['slurm-', { kind: 'job', jobId: 'slurm-' }],
    ['slurm-a', { kind: 'job', jobId: 'slurm-a' }],
    ['my-run-r2', { kind: 'job', jobId: 'my-run-r2' }],
  ])('%s means %j', (text, lookup) => {
    expect(parseLookup(text)).toEqual(lookup)
  })

  it('is the same with and without its prefix', () => {
    fc.assert(
      fc.property(fc.nat(), (id) => {
        expect(normalizeJobId(`slurm-${id}`)).toBe(String(id))
      }),
    )
  })

  it.each([
    ['1001_[9-40%8]', '1001'],
    ['1001_[9-40]', '1001'],
    ['1001_9-40', '1001'],
    ['slurm-1001_1,3,5-7:2', '1001'],
    ['1001_[12]', '1001_12'],
    ['1001_[9-40', undefined],
    ['1001', undefined],
    ['my_9-40', undefined],
  ])('%s names tasks that wait in job %s', (text, id) => {
    expect(waitingArrayOf(text)).toBe(id)
  })

  it('may not be chosen so that it looks like a run or a task', () => {
    expect(['812-r1', '900_3', 'slurm-100+1'].map(isReservedId)).toEqual([true, true, true])
    expect(['812', 'exp-7', 'a_b'].map(isReservedId)).toEqual([false, false, false])
  })
})

describe("a run's names", () => {
  const run = fc.record({ cluster: fc.string(), jobId: fc.string({ minLength: 1 }), restart: fc.nat(1000) })

  it('are never shared by two runs', () => {
    fc.assert(
      fc.property(run, run, (a, b) => {
        const same = a.cluster === b.cluster && a.jobId === b.jobId && a.restart === b.restart
        expect(runKeyText(a) === runKeyText(b)).toBe(same)
        if (a.jobId !== b.jobId || a.restart !== b.restart) expect(runId(a)).not.toBe(runId(b))
      }),
    )
  })
})
