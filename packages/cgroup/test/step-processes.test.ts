import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseStepTitle } from '../src/proc-files.ts'
import { createJobProcessReader, createStepDaemons } from '../src/step-processes.ts'
import { busy, startStepDaemon } from './busy-process.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'navarch-proc-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('parseStepTitle', () => {
  it.each([
    ['slurmstepd: [812.batch]\0', { jobId: '812', step: 'batch' }],
    ['slurmstepd: [812.0]', { jobId: '812', step: '0' }],
    ['slurmstepd: [812.0+1]', { jobId: '812', step: '0+1' }],
    ['slurmstepd infinity', undefined],
    ['sh\0-c\0slurmstepd: [1.0]', undefined],
  ])('reads %j', (title, step) => {
    expect(parseStepTitle(title)).toEqual(step)
  })
})

describe('processes of a job, by their slurmstepd', () => {
  it('finds a real process by its title, once it has it', async () => {
    const daemons = createStepDaemons()
    await using step = await startStepDaemon(folder, 'slurmstepd: [990001.batch]', 'echo ready')
    await step.line()
    expect(daemons.look().filter(({ jobId }) => jobId === '990001')).toMatchObject([{ step: 'batch', pid: step.pid }])
  })

  it("counts the time of processes that run and of those that ended, and not slurmstepd's", async () => {
    const script = `${busy}; echo own; sh -c '${busy}; ${busy}'; echo child; sleep 60 & echo grandchild`
    await using step = await startStepDaemon(folder, 'slurmstepd: [990002.0]', script)
    const reader = createJobProcessReader()
    const daemons = createStepDaemons()
    const read = () => reader.read(daemons.look().filter(({ jobId }) => jobId === '990002'))
    await step.line()
    expect(read()).toMatchObject({ processes: expect.any(Number), cpuSeconds: expect.any(Number) })
    let line = ''
    while (!line.includes('grandchild')) line += await step.line()
    const usage = read()
    expect(usage?.cpuSeconds).toBeGreaterThan(0.05)
    expect(usage?.processes).toBe(1)
    expect(usage?.cpus).toBeGreaterThan(0)
    expect(usage?.memoryBytes).toBeGreaterThan(0)
  })

  it('never lets a counter fall when processes end between two readings', async () => {
    const script = `trap '' CHLD; sh -c '${busy}; echo busy; read go' & child=$!; wait $child; echo over`
    await using step = await startStepDaemon(folder, 'slurmstepd: [990003.0]', script)
    const reader = createJobProcessReader()
    const daemons = createStepDaemons()
    const read = () => reader.read(daemons.look().filter(({ jobId }) => jobId === '990003'))?.cpuSeconds ?? 0
    let line = await step.line()
    const before = read()
    while (!line.includes('over')) line += await step.line()
    expect(before).toBeGreaterThan(0)
    expect(read()).toBeGreaterThanOrEqual(before)
  })

  it('is gone with its slurmstepds', async () => {
    const reader = createJobProcessReader()
    expect(reader.read([])).toBeUndefined()
    expect(reader.read([{ jobId: '1', step: '0', pid: 2 ** 22 + 1, startedAfterBoot: 1 }])?.cpuSeconds).toBeUndefined()
  })
})
