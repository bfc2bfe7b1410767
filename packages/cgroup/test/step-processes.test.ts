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

  it('sees that a process id was given to a slurmstepd, and believes none that is not of root or its own user', () => {
    const files = new Map([
      ['/proc/500/comm', 'cat\n'],
      ['/proc/501/comm', 'slurmstepd\n'],
      ['/proc/501/cmdline', 'slurmstepd: [66.batch]'],
      ['/proc/501/status', 'Uid:\t4294967\t4294967\n'],
    ])
    const asked: string[] = []
    const daemons = createStepDaemons('/proc', {
      read: (path) => {
        asked.push(path)
        return files.get(path)
      },
      folders: () => ['500', '501', 'self'],
    })
    expect(daemons.look()).toEqual([])
    expect(asked).not.toContain('/proc/501/cmdline')
    files.set('/proc/500/comm', 'slurmstepd\n')
    files.set('/proc/500/cmdline', 'slurmstepd: [65.0]')
    files.set('/proc/500/status', 'Uid:\t0\t0\t0\t0\n')
    files.set('/proc/500/stat', '500 (slurmstepd) S 1 1 1 0 -1 0 0 0 0 0 1 0 0 0 20 0 1 0 500 0 0')
    const seen = Array.from({ length: 16 }, () => daemons.look()).at(-1)
    expect(seen).toEqual([{ jobId: '65', step: '0', pid: 500, startedAfterBoot: 5 }])
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

  it('counts once a process that ends while its tree is read', () => {
    const files = new Map<string, string>()
    const stat = (pid: number, ticks: { own: number; children: number }) =>
      files.set(
        `/proc/${pid}/stat`,
        `${pid} (x) S 1 1 1 0 -1 0 0 0 0 0 ${ticks.own} 0 ${ticks.children} 0 20 0 1 0 500 0 0`,
      )
    stat(10, { own: 7, children: 100 })
    stat(11, { own: 4000, children: 0 })
    files.set('/proc/10/task/10/children', '11 ')
    const reader = createJobProcessReader('/proc', {
      read: (path) => {
        const text = files.get(path)
        // After its parent was read, and before itself.
        if (path === '/proc/10/task/10/children' && files.delete('/proc/11/stat')) stat(10, { own: 7, children: 4100 })
        return text
      },
      folders: (path) => (path.endsWith('/task') ? [path.split('/')[2] ?? ''] : []),
    })
    const read = () => reader.read([{ jobId: '1', step: '0', pid: 10, startedAfterBoot: 5 }])?.cpuSeconds
    files.set('/proc/10/task/10/children', '11 ')
    expect(read()).toBe(41)
    files.set('/proc/10/task/10/children', '')
    expect(read()).toBe(41)
  })

  describe('of which files tell', () => {
    const ticks = (pid: number, own: number, children = 0): [string, string] => [
      `/proc/${pid}/stat`,
      `${pid} (x) S 1 1 1 0 -1 0 0 0 0 0 ${own} 0 ${children} 0 20 0 1 0 500 0 0`,
    ]
    const step = (pid: number) => ({ jobId: '1', step: String(pid), pid, startedAfterBoot: 5 })
    const reading = (files: ReadonlyMap<string, string>, threads = 1) =>
      createJobProcessReader('/proc', {
        read: (path) => files.get(path),
        folders: (path) => Array.from({ length: threads }, (_, at) => String(Number(path.split('/')[2]) + at)),
      })

    it('keeps what steps used that are over', () => {
      const reader = reading(new Map([ticks(10, 0, 300), ticks(20, 0, 500), ticks(30, 0, 700)]))
      expect(reader.read([step(10), step(20)])?.cpuSeconds).toBe(8)
      expect(reader.read([step(20)])?.cpuSeconds).toBe(8)
      expect(reader.read([step(20), step(30)])?.cpuSeconds).toBe(15)
      expect(reader.read([step(30)])?.cpuSeconds).toBe(15)
    })

    it('does not take a step without processes for one without memory', () => {
      const files = new Map([ticks(10, 0, 300), ticks(11, 100)])
      const reader = reading(files)
      expect(reader.read([step(10)])).toEqual({ ...cpu(3), processes: 0 })
      files.set('/proc/10/task/10/children', '11 ')
      files.set('/proc/11/status', 'RssAnon:\t40 kB\nRssShmem:\t2 kB\n')
      expect(reader.read([step(10)])).toEqual({ ...cpu(4), processes: 1, memoryBytes: 42 * 1024 })
    })

    it('gives up on more threads than can be read in passing', () => {
      const files = new Map([ticks(10, 0, 300)])
      expect(() => reading(files, 20_000).read([step(10)])).toThrow(/over 10000 files/)
      expect(reading(files, 9000).read([step(10)])).toMatchObject(cpu(3))
    })

    const cpu = (seconds: number) => ({ cpuSeconds: seconds, cpuUserSeconds: seconds, cpuSystemSeconds: 0 })
  })

  it('is gone with its slurmstepds', async () => {
    const reader = createJobProcessReader()
    expect(reader.read([])).toBeUndefined()
    expect(reader.read([{ jobId: '1', step: '0', pid: 2 ** 22 + 1, startedAfterBoot: 1 }])).toBeUndefined()
  })
})
